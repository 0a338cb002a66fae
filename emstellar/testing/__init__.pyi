from .parametrization import parametrize_with_segmenter_checks as parametrize_with_segmenter_checks
from .running import check_segmenter as check_segmenter
from .running import segmenter_checks as segmenter_checks
from .subject import make_check_images as make_check_images
