from ._folder import write_folder as write_folder
from ._page import render_report as render_report
from ._page import write_report as write_report
