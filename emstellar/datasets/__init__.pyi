from .cardiac import fetch_cardiac as fetch_cardiac
from .data_home import clear_data_home as clear_data_home
from .data_home import get_data_home as get_data_home
from .isbi2012 import fetch_isbi2012 as fetch_isbi2012
from .neuronal import fetch_neuronal as fetch_neuronal
from .published_maps import fetch_published_maps as fetch_published_maps
from .scribbles import make_scribbles as make_scribbles
from .synthetic import make_em_images as make_em_images
