"""A run that was left and gone on with is the run that was not, bit for bit."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import minideep
from minideep import optim
from minideep.optim import lr_scheduler
from minideep.training import Callback, Trainer

from .runs import OPTIMIZERS, Leaves, Left, data, finished, network, seed, trainer

STEPS = 18  # of three epochs, each with five whole batches and a smaller one


def composed(optimizer):
    parts = [lr_scheduler.LinearWarmupLR(optimizer, 3), lr_scheduler.CosineAnnealingLR(optimizer, T_max=6)]
    return lr_scheduler.SequentialLR(optimizer, parts, milestones=[3])


def chained(optimizer):
    return lr_scheduler.ChainedScheduler(
        [lr_scheduler.ConstantLR(optimizer, 0.5, 2), lr_scheduler.ExponentialLR(optimizer, 0.9)]
    )


# Those that a configuration can name, with the options they need; and those that take functions or schedulers.
NAMED = {
    "StepLR": {"step_size": 2},
    "MultiStepLR": {"milestones": [1, 4]},
    "ConstantLR": {},
    "LinearLR": {},
    "ExponentialLR": {"gamma": 0.9},
    "PolynomialLR": {},
    "CosineAnnealingLR": {},
    "CosineAnnealingWarmRestarts": {"T_0": 2},
    "CyclicLR": {"step_size_up": 3},
    "OneCycleLR": {},
    "ReduceLROnPlateau": {"patience": 0, "threshold": 0.5},
    "LinearWarmupLR": {"warmup_steps": 4},
}
MADE = {
    "LambdaLR": lambda optimizer: lr_scheduler.LambdaLR(optimizer, lambda epoch: 1 / (1 + epoch)),
    "MultiplicativeLR": lambda optimizer: lr_scheduler.MultiplicativeLR(optimizer, lambda epoch: 0.9),
    "SequentialLR": composed,
    "ChainedScheduler": chained,
    "SWALR": lambda optimizer: optim.swa_utils.SWALR(optimizer, 0.001, anneal_epochs=2),
}


def made(optimizer: str, scheduler: str, folder: Path | None = None, **training) -> Trainer:
    per_step = scheduler != "ReduceLROnPlateau"
    training |= {"optimizer": optimizer, "schedule_per": "step" if per_step else "epoch", "learning_rate": 0.01}
    if scheduler in NAMED:
        training |= {"scheduler": scheduler, "scheduler_options": NAMED[scheduler]}
    run = trainer(folder, **training)
    if scheduler in MADE:
        run.scheduler = MADE[scheduler](run.optimizer)
    return run


def test_every_scheduler_is_here() -> None:
    assert {*NAMED, *MADE} == {*lr_scheduler.__all__, "SWALR"} - {"LRScheduler"}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_with_every_scheduler(optimizer, tmp_path) -> None:
    chance = random.Random(optimizer)
    for scheduler in [*NAMED, *MADE]:
        expected = finished(made(optimizer, scheduler, epochs=2))
        first = made(optimizer, scheduler, epochs=2)
        first.callbacks.append(Leaves(chance.randint(1, 12), tmp_path / "left.pth"))
        with pytest.raises(Left):
            first.train()
        second = made(optimizer, scheduler, epochs=2)
        second.resume(tmp_path / "left.pth")
        assert finished(second) == expected, scheduler


SETTINGS = {
    "plain": {},
    "accumulated": {"accumulate": 4},
    "clipped": {"clip_norm": 0.1, "optimizer": "adam"},
    "averaged": {"ema": 0.9, "optimizer": "adamw"},
    "per_epoch": {"scheduler": "cosine", "learning_rate": 0.1},
    "plateau": {"scheduler": "plateau", "scheduler_options": {"patience": 0}, "monitor": "val_loss"},
    "stops_early": {"patience": 1, "epochs": 6},
    "without_generator": {"own_generator": False},
}


@pytest.mark.parametrize("name", SETTINGS)
def test_from_every_step(name, tmp_path) -> None:
    settings = {"epochs": 2, **SETTINGS[name]}
    expected = finished(trainer(**settings))
    for step in range(1, expected["step"] + 1):
        first = trainer(**settings)
        first.callbacks.append(Leaves(step, tmp_path / "left.pth"))
        with pytest.raises(Left):
            first.train()
        second = trainer(**settings)
        second.resume(tmp_path / "left.pth")
        assert finished(second) == expected, f"left after step {step}"


def test_after_the_last_epoch_there_is_more_to_train(tmp_path) -> None:
    expected = finished(trainer(epochs=4))
    trainer(tmp_path, epochs=2).train()
    longer = trainer(tmp_path, epochs=4, resume=True)
    assert finished(longer) == expected
    assert (tmp_path / "log.jsonl").read_text().count("\n") == 4


def test_batches_in_a_list(tmp_path) -> None:
    """They know nothing of where they are: those that have been seen are dropped."""

    def run(step=None):
        seed()
        batches = list(data(noisy=False))
        made = Trainer(network(), batches, config={"training": {"epochs": 2, "progress": False, "folder": None}})
        made.callbacks += [Leaves(step, tmp_path / "left.pth")] if step else []
        return made

    expected = finished(run())
    with pytest.raises(Left):
        run(8).train()
    second = run()
    second.resume(tmp_path / "left.pth")
    assert finished(second) == expected


class Peeks(Callback):
    """Looks at a batch of each loader after every epoch, and goes no further."""

    def on_epoch_end(self, trainer: Trainer, row: dict) -> None:
        next(iter(trainer.train_loader))
        next(iter(trainer.val_loader))


def test_somebody_looks_at_batches_between_epochs(tmp_path) -> None:
    """Epochs and validations are whole all the same, before and after."""

    def run(folder=None, **training):
        made = trainer(folder, **training)
        made.callbacks.append(Peeks())
        next(iter(made.val_loader))
        return made

    whole = run()
    expected = finished(whole)
    assert whole.step == STEPS
    run(tmp_path, epochs=2).train()
    assert finished(run(tmp_path, resume=True)) == expected
    seen = []
    whole.evaluate = lambda model, batch: seen.append(len(batch[1])) or (minideep.zeros(()), 1, 0, 0)
    whole.validate()
    assert seen == [4, 4, 1]


def test_with_workers(tmp_path) -> None:
    """Their augmentation, too, goes on where it was."""

    def run(**options):
        made = trainer(epochs=2)
        made.train_loader = data(num_workers=2, **options)
        return made

    expected = finished(run())
    first = run()
    first.callbacks.append(Leaves(8, tmp_path / "left.pth"))
    with pytest.raises(Left):
        first.train()
    second = run()
    second.resume(tmp_path / "left.pth")
    assert finished(second) == expected


# ---------------------------------------------------------------------------------------------- Ctrl-C


class Presses(Callback):
    """Presses Ctrl-C after a step."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_step(self, trainer: Trainer) -> None:
        if trainer.step == self.step:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("step", [1, 6, 11])
def test_ctrl_c_leaves_a_checkpoint(step, tmp_path) -> None:
    expected = finished(trainer())
    first = trainer(tmp_path)
    first.callbacks.append(Presses(step))
    with pytest.raises(
        KeyboardInterrupt, match=rf"Trainer: interrupted after step {step}; .*last\.pth goes on from here"
    ):
        first.train()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    second = trainer(tmp_path, resume=True)
    assert finished(second) == expected


def test_ctrl_c_and_on_in_the_same_process() -> None:
    expected = finished(trainer())
    run = trainer()
    run.callbacks += [Presses(2), Presses(6), Presses(9)]
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt, match=r"interrupted after step \d$"):
            run.train()
    assert finished(run) == expected


def test_ctrl_c_during_validation(tmp_path) -> None:
    expected = finished(trainer())
    first = trainer(tmp_path)

    def evaluate(model, batch):
        if not model.training and first.epoch == 1:
            os.kill(os.getpid(), signal.SIGINT)
        return Trainer.evaluate(first, model, batch)

    first.evaluate = evaluate
    with pytest.raises(KeyboardInterrupt):
        first.train()
    assert (first.epoch, first.trained) == (1, True)
    second = trainer(tmp_path, resume=True)
    assert finished(second) == expected


def test_a_second_ctrl_c_interrupts_at_once() -> None:
    run = trainer()
    run.evaluate = lambda model, batch: [os.kill(os.getpid(), signal.SIGINT) for _ in range(2)]
    with pytest.raises(KeyboardInterrupt) as caught:
        run.train()
    assert "Trainer" not in str(caught.value)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


# ---------------------------------------------------------------------------------------------- killed

SCRIPT = """
import sys
from pathlib import Path
from tests.training.runs import finished
from tests.training.test_resume import made
optimizer, scheduler, folder = sys.argv[1:]
run = made(optimizer, scheduler, Path(folder), checkpoint_every=2, resume=True, epochs=4, ema=0.9)
print("begins", flush=True)
print(hash(str(finished(run))))
"""


def killed_and_resumed(optimizer: str, scheduler: str, folder: Path, moments: list[float]) -> tuple[str, int]:
    """What the run comes to if it is killed at these moments, in seconds after its beginning; how often it was."""
    command = [sys.executable, "-c", SCRIPT, optimizer, scheduler, str(folder)]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    kills = 0
    for moment in [*moments, None]:
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:
            assert child.stdout.readline() == "begins\n"
            if moment is not None:
                time.sleep(moment)
                child.kill()
            printed = child.stdout.read()
        kills += child.returncode == -signal.SIGKILL
    return printed, kills


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a system that can kill")
def test_killed_for_good(tmp_path) -> None:
    expected, _ = killed_and_resumed("Adam", "OneCycleLR", tmp_path / "whole", [])
    moments = [0.02, 0.05]
    printed, kills = killed_and_resumed("Adam", "OneCycleLR", tmp_path / "killed", moments)
    assert kills
    assert printed == expected


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a system that can kill")
@pytest.mark.parametrize("number", range(20))
def test_killed_at_random_moments(number, tmp_path) -> None:
    chance = random.Random(number)
    optimizer, scheduler = chance.choice(OPTIMIZERS), chance.choice([*NAMED, *MADE])
    expected, _ = killed_and_resumed(optimizer, scheduler, tmp_path / "whole", [])
    moments = [chance.uniform(0, 0.15) for _ in range(3)]
    printed, kills = killed_and_resumed(optimizer, scheduler, tmp_path / "killed", moments)
    assert kills
    assert printed == expected


# ---------------------------------------------------------------------------------------------- refused


def test_checkpoints_of_another_run(tmp_path) -> None:
    run = trainer(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"Trainer: there is no checkpoint .*last\.pth to go on from"):
        run.resume()
    with pytest.raises(ValueError, match=r"Trainer: resume expects a path, as training\.folder is None"):
        trainer().resume()
    minideep.save({"model": {}}, tmp_path / "last.pth")
    with pytest.raises(ValueError, match=r"Trainer: expected a checkpoint, with .*, but got \['model'\]"):
        run.resume()
    with pytest.raises(ValueError, match=r"Trainer: expected a checkpoint, .*, but got Tensor"):
        run.load_state_dict(minideep.ones(2))
    run.train()
    with pytest.raises(ValueError, match="Trainer: the run has the part 'ema', which the checkpoint lacks"):
        trainer(tmp_path, ema=0.9).resume()
    other = trainer(tmp_path)
    other.train_loader = list(other.train_loader)
    with pytest.raises(ValueError, match="Trainer: the checkpoint has the part 'loader', which the run lacks"):
        other.resume()
    run.save(tmp_path / "last.pth")
    with pytest.warns(
        UserWarning, match=r"with other settings: training\.momentum was None, and is 0\.5\. What it holds"
    ):
        trainer(tmp_path, momentum=0.5).resume()


def test_a_sampler_with_a_generator_of_its_own() -> None:
    from minideep.data import DataLoader, RandomSampler

    sampler = RandomSampler(range(5), generator=minideep.Generator())
    with pytest.raises(ValueError, match=r"Trainer: the sampler of train_loader has a generator of its own"):
        Trainer(network(), DataLoader(range(5), sampler=sampler))
