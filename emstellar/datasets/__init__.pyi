from .synthetic import make_em_images as make_em_images
