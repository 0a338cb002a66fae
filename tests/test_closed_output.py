import subprocess
import sys

PROGRAM = """
import sys
from emstellar.closed_output import output_may_be_closed

with output_may_be_closed():
    for i in range(100_000):
        print(i)
    print("the end", file=sys.stderr)
"""


def test_work_goes_on_when_nobody_reads_the_output_any_more():
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", PROGRAM], **options) as process:
        assert process.stdout.readline() == "0\n"
        process.stdout.close()
        assert process.stderr.read() == "the end\n"
    assert process.returncode == 0
