from .blocks import BlockKFold as BlockKFold
from .leakage import leakage_report as leakage_report
from .prediction import cross_val_predict as cross_val_predict
