"""Studies by name: methods, images and folds as the command line and configuration files say them.

A study is what `emstellar.benchmark` is given: images, masks and groups with the folds that suit
them. What is here makes studies and their methods of words.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
