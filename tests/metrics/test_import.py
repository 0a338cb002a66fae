"""The metrics know nothing of Keras."""

import subprocess
import sys


def test_metrics_load_no_keras():
    names = "from emstellar.metrics import get_scorer, sensitivity_profile, v_rand_score"
    check = "import sys; assert not {'keras', 'tensorflow', 'jax'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", f"{names}; {check}"], check=True)
