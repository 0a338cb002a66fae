"""Each trap between scikit-learn and Keras, and the tests that fail where one steps into it."""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
CHECKS = TESTS.parent / "emstellar" / "testing"
PITFALLS = "test_pitfalls.py"
PERSISTENCE = "segmenters/test_persistence.py"
NO_GLOBAL_STATE = f"{PITFALLS}::test_no_module_changes_global_state_or_knows_a_backend"

# Functions of emstellar.testing, which every segmenter passes in test_testing.py, by name alone.
TRAPS = {
    "4.1 a network that pickles but does not unpickle": [
        f"{PITFALLS}::test_a_loss_that_keras_does_not_know_survives_clone_and_pickle",
        f"{PITFALLS}::test_what_keras_does_not_know_by_name_survives_clone_and_pickle",
        f"{PITFALLS}::test_skops_keeps_a_network",
        "check_pickle",
        "check_joblib",
    ],
    "4.1 training that goes on from another state of dropout or optimiser": [
        f"{PERSISTENCE}::test_copies_predict_the_same_and_continue_the_same",
        f"{PERSISTENCE}::test_training_continues_after_load",
    ],
    "4.1 arrays put into a network of another shape": [
        f"{PERSISTENCE}::test_a_different_network_is_refused",
        f"{PERSISTENCE}::test_missing_and_misshapen_arrays_are_refused",
    ],
    "4.1 random states of another backend": [
        f"{PERSISTENCE}::test_random_states_of_another_backend_are_not_taken_over",
        f"{PERSISTENCE}::test_files_of_every_network_are_read_on_another_backend",
    ],
    "4.1 a file of another version": [
        f"{PERSISTENCE}::test_another_version_is_said",
        f"{PERSISTENCE}::test_another_version_of_a_pickle_is_said",
    ],
    "4.2 threads that take each other's seeds": [
        "test_randomness.py::test_threads_do_not_take_each_others_numbers",
        "test_randomness.py::test_a_thread_that_knows_nothing_of_it_takes_no_number_and_gets_its_own",
        f"{PITFALLS}::test_fits_in_threads_give_the_weights_of_fits_in_turn",
    ],
    "4.2 processes that give other weights": [
        "test_sklearn_interoperability.py::test_parallel_folds_give_the_same_scores",
    ],
    "4.2 forks of a process that has run TensorFlow": [
        f"{PITFALLS}::test_no_module_forks_processes",
    ],
    "4.3 a fit that moves the caller's random streams": [
        NO_GLOBAL_STATE,
        "test_randomness.py::test_the_callers_state_is_put_back_even_after_an_error",
        "test_testing.py::test_keras_own_random_generator_is_left_alone",
        "check_global_states",
    ],
    "4.3 equal seeds, other weights": [
        "networks/test_construction.py::test_equal_seeds_give_equal_weights_and_dropout",
        "check_repeatable",
        "check_idempotent_fit",
        "check_independent_fits",
    ],
    "4.3 batches that depend on what was drawn before": [
        "training/test_patches.py::test_batch_depends_on_seed_epoch_and_index_only",
        "training/test_patches.py::test_augmentation_depends_on_seed_epoch_and_index_only",
        "segmenters/test_keras_segmenter.py::test_continued_training_equals_uninterrupted_training",
    ],
    "4.3 batches that depend on the number of workers": [
        "training/test_patches.py::test_number_of_workers_changes_nothing",
        f"{PITFALLS}::test_training_sees_each_batch_once_and_in_order",
    ],
    "4.3 chance that no tag tells": [f"{PITFALLS}::test_what_chance_decides_is_said"],
    "4.4 memory that grows with every fit": [
        "training/test_memory.py::test_memory_hardly_grows_from_fit_to_fit",
        "training/test_compilation.py::test_optimiser_variables_exist_before_the_first_step",
        NO_GLOBAL_STATE,
    ],
    "5 a loss whose gradient fails on one backend": [
        NO_GLOBAL_STATE,
        "losses/test_pixelwise.py::test_cross_entropy_equals_log_loss_of_scikit_learn",
        "losses/test_base.py::test_gradient_equals_finite_differences",
    ],
    "5 code for one backend": [NO_GLOBAL_STATE],
    "5 Keras loaded where it is not needed": [
        "test_import.py::test_import_loads_nothing_heavy",
        "test_import.py::test_keras_is_not_loaded",
        "test_import.py::test_a_forest_segments_and_is_benchmarked_without_keras",
        "metrics/test_import.py::test_metrics_load_no_keras",
    ],
    "5 an image warped otherwise than its mask, labels clipped or mixed": [
        NO_GLOBAL_STATE,
        "training/test_geometry.py::test_image_mask_and_weight_stay_aligned",
        "training/test_geometry.py::test_mask_is_read_as_scipy_reads_it",
        "training/test_patches.py::test_image_and_mask_are_cut_at_the_same_place",
    ],
    "5 an augmentation of one's own without a generator of its own": [
        "training/test_patches.py::test_augmentation_gets_each_patch_and_its_own_generator",
    ],
    "5 several classes, in training and in a hard vote": [
        "segmenters/test_keras_segmenter.py::test_more_than_two_classes_and_channels",
        "segmenters/test_voting.py::test_a_class_without_votes_cannot_win_a_tie",
        "check_three_classes",
    ],
    "5 operations counted by a package that cannot be imported": [
        "inspection/test_model_complexity.py::test_operations_are_those_of_the_tensorflow_profiler",
    ],
    "8.1 a classifier by inheritance": [
        f"{PITFALLS}::test_a_segmenter_is_no_classifier_of_rows",
    ],
    "8.2 the height taken for the number of features": [
        f"{PITFALLS}::test_a_segmenter_is_no_classifier_of_rows",
        "check_channels",
        "check_image_sizes",
    ],
    "8.3 tags that a parent does not know of": ["check_tags", "test_base.py::test_tags"],
    "8.4 a constructor that does more than assign": [
        "check_constructor",
        "check_parameters_roundtrip",
        "segmenters/test_keras_segmenter.py::test_every_parameter_is_documented_and_keyword_only",
    ],
    "8.5 a fit that changes a parameter": [
        "check_fit_keeps_parameters",
        "segmenters/test_keras_segmenter.py::test_callbacks_are_copied",
        "training/test_compilation.py::test_an_optimiser_given_is_not_shared",
        "training/test_compilation.py::test_objects_bring_their_learning_rate_and_are_not_shared",
        f"{PITFALLS}::test_losses_given_are_not_changed_by_a_fit",
    ],
    "8.6 a loss that breaks clone": [
        f"{PITFALLS}::test_a_loss_that_keras_does_not_know_survives_clone_and_pickle",
        "losses/test_lookup.py::test_a_loss_need_not_be_registered",
    ],
    "8.7 optimiser variables made in the first step": [
        "training/test_compilation.py::test_optimiser_variables_exist_before_the_first_step",
    ],
    "8.8 global settings changed by the library": [NO_GLOBAL_STATE, "check_global_states"],
    "8.9 seeding without a lock": [
        "test_randomness.py::test_threads_do_not_take_each_others_numbers",
        f"{PITFALLS}::test_fits_in_threads_give_the_weights_of_fits_in_turn",
    ],
    "8.10 dropout without a seed": [
        "networks/test_construction.py::test_every_dropout_has_its_own_seed",
    ],
    "8.11 batches loaded out of order": [
        NO_GLOBAL_STATE,
        f"{PITFALLS}::test_training_sees_each_batch_once_and_in_order",
    ],
    "8.12 an end of an epoch before the first": [
        f"{PITFALLS}::test_training_sees_each_batch_once_and_in_order",
        "segmenters/test_keras_segmenter.py::test_fitted_attributes",
    ],
    "8.13 weights saved without the states of dropout": [
        f"{PERSISTENCE}::test_copies_predict_the_same_and_continue_the_same",
    ],
    "8.14 a stack of one image that loses its axis": [
        f"{PITFALLS}::test_folds_of_one_image_keep_their_axes",
        "check_one_image",
    ],
    "8.15 arithmetic in the caller's arrays": [
        "check_read_only_input",
        "check_input_unchanged",
        "test_validation.py::test_read_only_images_are_taken",
    ],
    "8.16 validation data cut by cross-validation": [
        f"{PITFALLS}::test_validation_data_pass_through_cross_validation_whole",
    ],
    "8.17 unlabelled pixels in masks that cannot hold them": [
        f"{PITFALLS}::test_masks_that_cannot_hold_minus_one_have_no_unlabelled_pixels",
        "check_unlabelled_pixels",
        "check_unlabelled_equals_weight_zero",
    ],
    "8.18 masks of 0 and 255": [
        f"{PITFALLS}::test_masks_of_0_and_255_are_two_classes_by_name",
        "check_label_values",
    ],
    "8.19 neighbours on both sides of a split": [
        "benchmarking/test_splitters.py::test_a_number_makes_contiguous_folds",
        "model_selection/test_blocks.py::test_purge_worked_by_hand",
        "model_selection/test_leakage.py::test_tiles_shuffled_over_fields_leak",
    ],
    "8.20 a fold without a rare class": [
        f"{PITFALLS}::test_folds_without_a_class_vote_by_label",
        "segmenters/test_voting.py::test_members_with_different_classes_are_aligned",
        "model_selection/test_prediction.py::test_a_class_that_one_fold_lacks_gets_a_column",
    ],
    "8.21 a history that holds the model": [f"{PITFALLS}::test_the_history_is_text"],
    "8.22 a new shape for every image": [
        "training/test_prediction.py::test_the_network_sees_multiples_of_what_it_needs",
        "training/test_prediction.py::test_images_of_one_size_share_calls_up_to_a_bound",
        "training/test_prediction.py::test_memory_beyond_the_result_does_not_grow_with_the_images",
    ],
    "8.23 tensors that only one backend turns into arrays": [NO_GLOBAL_STATE],
    "8.24 losses and metrics made at import": ["test_import.py::test_import_loads_nothing_heavy"],
    "8.25 ensembles and thresholds scored on their own folds": [
        "benchmarking/test_run.py::"
        "test_votes_of_folds_are_not_scored_on_images_that_they_have_seen",
        "benchmarking/test_run.py::test_the_best_fold_has_no_validation_score",
        "segmenters/test_thresholded.py::test_threshold_is_that_of_the_inner_folds",
    ],
    "8.26 broken fits that become NaN": [
        f"{PITFALLS}::test_failures_within_folds_fail_our_tests_too",
    ],
    "8.27 baselines judged by other rules": [
        "benchmarking/test_run.py::test_fold_scores_equal_cross_validate",
        "benchmarking/test_run.py::test_resources_and_curves",
    ],
}


def functions_of(path):
    """Return the names of the functions that a file defines."""
    tree = ast.parse(path.read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


CHECK_NAMES = set().union(*(functions_of(path) for path in CHECKS.glob("*.py")))


@pytest.mark.parametrize("trap", TRAPS)
def test_the_tests_of_a_trap_are_there(trap):
    assert TRAPS[trap]
    for name in TRAPS[trap]:
        path, _, function = name.rpartition("::")
        assert function in (functions_of(TESTS / path) if path else CHECK_NAMES), name


def test_all_pitfalls_for_implementers_are_listed():
    numbers = [trap.split()[0] for trap in TRAPS]
    assert [n for n in numbers if n.startswith("8.")] == [f"8.{i}" for i in range(1, 28)]
