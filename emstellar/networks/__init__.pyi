from .construction import network as network
from .emnet import EM_NET_VARIANTS as EM_NET_VARIANTS
from .emnet import build_em_net as build_em_net
from .layers import TLU as TLU
from .unet import build_prelu_net as build_prelu_net
from .unet import build_unet as build_unet
