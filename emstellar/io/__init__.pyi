from .groups import find_groups as find_groups
from .pairing import pair_by_name as pair_by_name
from .reading import read_images as read_images
from .reading import read_masks as read_masks
from .writing import write_images as write_images
