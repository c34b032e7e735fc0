"""`Trainer`: the loop over epochs and batches, which can be left at any moment and gone on with bit for bit."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from .. import backend, saving
from ..autograd import no_grad
from ..nn import CrossEntropyLoss, Module
from ..nn.utils import clip_grad_norm_
from ..optim import Optimizer
from ..optim.lr_scheduler import LRScheduler, ReduceLROnPlateau
from ..optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from ..tensor import Tensor
from .building import build_optimizer, build_scheduler
from .callbacks import Callback, EarlyStopping, JSONLog
from .checkpoint import capture, restore
from .config import Config
from .generators import undisturbed
from .interruption import Interruption
from .measures import Sums, correct
from .progress import Progress
from .settings import ConfigError
from .watching import find_nan

__all__ = ["Row", "Trainer"]

Row = dict[str, Any]  # how an epoch went: epoch, step, lr, train_loss, train_acc, val_loss, val_acc, seconds
Criterion = Callable[[Any, Any], Tensor]


class Trainer:
    """Trains a model as a `Config` says: ``Trainer(model, train_loader, val_loader, config).train()``.

    Batches are pairs (input, target); for others, override `evaluate`. Losses are means over samples, accuracies
    percentages. With `accumulate`, a step goes along the mean gradient over all samples of its batches, also where the
    last ones of an epoch are fewer. What `optimizer` and `scheduler` name in the configuration can be given as objects.

    `save` and `resume` keep everything on which the rest of a run depends: weights, optimizer, scheduler, averages,
    callbacks, the generators of minideep, Python and NumPy, and where the train loader is in its epoch.
    """

    def __init__(
        self,
        model: Module,
        train_loader: Iterable[Any],
        val_loader: Iterable[Any] | None = None,
        config: Config | Mapping[str, Any] | None = None,
        *,
        criterion: Criterion | None = None,
        optimizer: Optimizer | None = None,
        scheduler: LRScheduler | None = None,
        callbacks: Iterable[Callback] = (),
    ) -> None:
        self.config = config if isinstance(config, Config) else Config(config)
        settings = self.settings = self.config.training
        self.device = backend.device(settings.device or ("cuda" if backend.cuda_device_count() else "cpu"))
        self.model = model.to(self.device)
        self.train_loader, self.val_loader = train_loader, val_loader
        _check_sampler(train_loader)
        self.criterion: Criterion = criterion or CrossEntropyLoss()
        self.optimizer = optimizer or build_optimizer(model, settings)
        self.scheduler = scheduler or build_scheduler(self.optimizer, settings, self.steps_per_epoch())
        if isinstance(self.scheduler, ReduceLROnPlateau) and settings.schedule_per == "step":
            raise ConfigError("Trainer: ReduceLROnPlateau looks at validation: set training.schedule_per=epoch")
        self.ema: AveragedModel | None = None
        if settings.ema is not None:
            self.ema = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(settings.ema))
        self.callbacks = [*callbacks, *self._usual_callbacks()]
        self.epoch = self.batch = self.step = 0  # epochs that are over, batches of this one, steps in all
        self.trained = self.stopped = False  # whether this epoch lacks its validation alone; whether it is the last
        self.lr = float(self.optimizer.param_groups[0]["lr"])  # of the latest step
        self.sums = Sums()
        self.history: list[Row] = []
        self.best: float | None = None
        self.best_epoch = 0
        self._interruption = Interruption()

    def _usual_callbacks(self) -> list[Callback]:
        usual: list[Callback] = []
        if self.settings.patience is not None:
            usual.append(EarlyStopping(self.settings.patience))
        if self.settings.folder is not None:
            usual.append(JSONLog(Path(self.settings.folder) / "log.jsonl"))
        return usual

    def steps_per_epoch(self) -> int | None:
        """How many steps an epoch has, the last perhaps over fewer batches; None for a stream that has no length."""
        batches = _length(self.train_loader)
        return None if batches is None else -(-batches // self.settings.accumulate)

    # ------------------------------------------------------------------------------------------ epochs

    def train(self) -> list[Row]:
        """Train to the last epoch, from the first or from where `resume` stands; returns a row for each.

        After Ctrl-C, the step or the batch that is under way is finished and last.pth written, from which `resume` goes
        on; the KeyboardInterrupt follows. A second Ctrl-C interrupts at once.
        """
        if self.settings.resume and self.step == 0 and self.last_path is not None and self.last_path.exists():
            self.resume()
        self._tell("on_train_start")
        with self._interruption:
            while self.epoch < self.settings.epochs and not self.stopped:
                self._run_epoch()
        self._tell("on_train_end")
        return self.history

    def _run_epoch(self) -> None:
        began = time.perf_counter()
        title = f"Epoch {self.epoch + 1}/{self.settings.epochs}"
        with Progress(title, _length(self.train_loader), self.batch, self.settings.progress) as bar:
            if not self.trained:
                self._train_batches(bar)
            row = {"epoch": self.epoch + 1, "step": self.step, "lr": self.lr, **self.sums.means("train")}
            row |= self.validate()
            bar.show({name: value for name, value in row.items() if name not in ("epoch", "step")}, at_once=True)
        self._finish_epoch(row | {"seconds": round(time.perf_counter() - began, 3)})

    def _finish_epoch(self, row: Row) -> None:
        if self.scheduler is not None and self.settings.schedule_per == "epoch":
            if isinstance(self.scheduler, ReduceLROnPlateau):
                what = "loss" if self.scheduler.mode == "min" else "acc"
                self.scheduler.step(row[f"val_{what}" if f"val_{what}" in row else f"train_{what}"])
            else:
                self.scheduler.step()
        self.history.append(row)
        self.epoch += 1
        self.batch, self.trained, self.sums = 0, False, Sums()
        is_best = self._is_best(row)
        self._tell("on_epoch_end", row)
        if self.best_path is not None and is_best:
            self.save(self.best_path)
        self._save_last()

    def _monitored(self, row: Row) -> str:
        name = self.settings.monitor
        if name is None:
            name = next(n for n in ("val_acc", "val_loss", "train_acc", "train_loss") if n in row)
        if name not in row:
            raise ValueError(f"Trainer: training.monitor {name!r} is not among what is measured: {', '.join(row)}")
        return name

    def _is_best(self, row: Row) -> bool:
        """Whether this epoch is better than all before it; the first always is."""
        name = self._monitored(row)
        sign = -1 if name.endswith("loss") else 1
        better = self.best is None or sign * row[name] > sign * self.best
        if better:
            self.best, self.best_epoch = row[name], self.epoch
        return better

    def _tell(self, event: str, *arguments: Any) -> None:
        for callback in self.callbacks:
            getattr(callback, event)(self, *arguments)

    # ------------------------------------------------------------------------------------------ batches

    def evaluate(self, model: Module, batch: Any) -> tuple[Tensor, int, int, int]:
        """The mean loss of a batch, over how many samples, and the right answers, of how many.

        For batches of another kind, such as those with mixed targets, override this.
        """
        if not (isinstance(batch, list | tuple) and len(batch) == 2):
            raise TypeError(
                f"Trainer: expected batches (input, target), but got {type(batch).__name__}; for others, "
                "override evaluate"
            )
        x, target = (part.to(self.device) for part in batch)
        output = model(x)
        return self.criterion(output, target), len(target), *correct(output, target)

    def _train_batches(self, bar: Progress) -> None:
        """The rest of the epoch."""
        self.model.train()
        self.optimizer.zero_grad()
        pending = samples = 0
        for batch in self._batches_left():
            loss, size, right, answers = self.evaluate(self.model, batch)
            value = loss.item()
            if not abs(value) < float("inf"):
                self._refuse(value, batch)
            if self.settings.accumulate == 1:
                loss.backward()
            else:
                (loss * size).backward()
            self.sums.add(value, size, right, answers)
            self.batch, pending, samples = self.batch + 1, pending + 1, samples + size
            bar.show(self.sums.means("train") | {"lr": self.lr})
            bar.advance()
            if pending == self.settings.accumulate:
                self._make_step(samples)
                pending = samples = 0
        self.trained = True
        if pending:
            self._make_step(samples)

    def _batches_left(self) -> Iterator[Any]:
        """A loader goes on from where it is; of any other iterable, what has been seen already is dropped."""
        loader: Any = self.train_loader
        if not hasattr(loader, "load_state_dict"):
            return itertools.islice(iter(loader), self.batch, None)
        if self.batch:
            loader.load_state_dict(loader.state_dict())
        return iter(loader)

    def _make_step(self, samples: int) -> None:
        if self.settings.accumulate > 1:  # so far, the gradients are sums over samples
            for p in self.model.parameters():
                if p.grad is not None:
                    p.grad = p.grad / samples
        self._tell("on_gradients")
        if self.settings.clip_norm is not None:
            clip_grad_norm_(self.model.parameters(), self.settings.clip_norm)
        self.lr = float(self.optimizer.param_groups[0]["lr"])
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.step += 1
        if self.ema is not None:
            self.ema.update_parameters(self.model)
        if self.scheduler is not None and self.settings.schedule_per == "step":
            self.scheduler.step()
        self._tell("on_step")
        every = self.settings.checkpoint_every
        if every is not None and self.step % every == 0:
            self._save_last()
        self._stop_if_asked()

    def _refuse(self, loss: float, batch: Any) -> None:
        """End training before the step that would spoil the weights, and say which layer it was."""
        report = None
        if type(self).evaluate is Trainer.evaluate:
            report = find_nan(self.model, [part.to(self.device) for part in batch], self.criterion)
        raise FloatingPointError(
            f"Trainer: the loss is {loss} at epoch {self.epoch + 1}, batch {self.batch + 1}; "
            f"{report or 'a smaller learning rate or clip_norm may help'}"
        )

    def _stop_if_asked(self) -> None:
        if self._interruption.asked:
            self._save_last()
            where = f"; {self.last_path} goes on from here" if self.last_path is not None else ""
            self._interruption.asked = False
            raise KeyboardInterrupt(f"Trainer: interrupted after step {self.step}{where}")

    # ------------------------------------------------------------------------------------------ validation

    @no_grad()
    def validate(self) -> dict[str, float]:
        """Loss and accuracy over the validation data, of the moving average of the weights where there is one.

        What is drawn meanwhile does not disturb training, and the loader goes through the same order every time.
        """
        if self.val_loader is None:
            return {}
        model, sums = self.ema or self.model, Sums()
        was_training = model.training
        model.eval()
        try:
            with undisturbed(self.device, self.val_loader):
                for batch in self.val_loader:
                    loss, *counts = self.evaluate(model, batch)
                    sums.add(loss.item(), *counts)
                    if self._interruption.asked:
                        break
        finally:
            model.train(was_training)
        self._stop_if_asked()
        return sums.means("val")

    # ------------------------------------------------------------------------------------------ checkpoints

    @property
    def last_path(self) -> Path | None:
        """Where the latest checkpoint is."""
        return None if self.settings.folder is None else Path(self.settings.folder) / "last.pth"

    @property
    def best_path(self) -> Path | None:
        """Where the checkpoint of the best epoch is."""
        return None if self.settings.folder is None else Path(self.settings.folder) / "best.pth"

    def state_dict(self) -> dict[str, Any]:
        """Everything on which the rest of the run depends: to be called between steps, as in `Callback.on_step`."""
        return capture(self)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Stand where another trainer stood, of the same model and settings."""
        restore(self, state)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a checkpoint; it is there whole or not at all."""
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        saving.save(self.state_dict(), path)

    def _save_last(self) -> None:
        if self.last_path is not None:
            self.save(self.last_path)

    def resume(self, path: str | os.PathLike[str] | None = None) -> None:
        """Go on from a checkpoint: from this one, or from the last in the folder of the configuration."""
        source = self.last_path if path is None else path
        if source is None:
            raise ValueError("Trainer: resume expects a path, as training.folder is None and nothing was written")
        if not os.path.exists(source):
            raise FileNotFoundError(f"Trainer: there is no checkpoint {os.fspath(source)} to go on from")
        self.load_state_dict(saving.load(source, map_location=str(self.device)))


def _length(loader: Any) -> int | None:
    try:
        return len(loader)
    except TypeError:
        return None


def _check_sampler(loader: Any) -> None:
    """A sampler with a generator of its own would begin an epoch anew in another order."""
    if getattr(getattr(loader, "sampler", None), "generator", None) is not None:
        raise ValueError(
            "Trainer: the sampler of train_loader has a generator of its own, so that an epoch could not be gone on "
            "with; give the generator to the DataLoader instead"
        )
