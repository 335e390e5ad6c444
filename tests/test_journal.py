"""The log of a run that was killed and goes on."""

from amortize.journal import Journal


def test_what_came_after_the_saved_state_is_dropped(tmp_path):
    path = tmp_path / "metrics.jsonl"
    kept = ['{"step": 0, "loss": 1}', '{"step": 1, "loss": 1}', '{"step": 2, "held_out": {}}']
    path.write_text("\n".join([*kept, '{"step": 2, "loss": 1}', '{"step": 3, "lo']))
    log = Journal(path, 2)
    log.write({"step": 2, "loss": 0.5})
    assert path.read_text().splitlines() == [*kept, '{"step": 2, "loss": 0.5}']


def test_other_processes_write_nothing(tmp_path):
    Journal(tmp_path / "metrics.jsonl", 0, writes=False).write({"step": 0})
    assert not (tmp_path / "metrics.jsonl").exists()
