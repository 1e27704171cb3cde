"""Facts about what a run logs."""

import pytest
from training_runs import CFG, interrupt_at, net, rows_of, squares, train


def test_log_holds_every_term_rate_and_speed_for_csv_and_tensorboard(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    train(net(), squares, CFG, tmp_path)
    rows = rows_of(tmp_path / "log.csv")
    assert [int(row["step"]) for row in rows] == list(range(1, 21))
    assert rows[0].keys() == {
        "step",
        "loss",
        "absolute",
        "gradient",
        "learning_rate",
        "audio_s_per_s",
    }
    assert float(rows[4]["audio_s_per_s"]) > 0
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [e.value for e in events.Scalars("train/loss")] == pytest.approx(
        [float(r["loss"]) for r in rows]
    )


def test_rows_logged_after_the_checkpoint_are_dropped_when_resuming(tmp_path):
    with pytest.raises(RuntimeError, match="power cut"):
        train(net(), interrupt_at(squares, 15, RuntimeError("power cut")), CFG, tmp_path)
    assert len(rows_of(tmp_path / "log.csv")) == 15
    train(net(), squares, CFG, tmp_path, resume=True)
    assert [int(row["step"]) for row in rows_of(tmp_path / "log.csv")] == list(range(1, 21))
