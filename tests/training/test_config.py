"""Settings: read from YAML, dicts, keywords and the command line, checked, saved, compared."""

from __future__ import annotations

import builtins
import copy
from typing import Any, Literal

import pytest

from minideep.training import Config, ConfigError, ModelConfig, Settings, TrainingConfig

pytest.importorskip("yaml", reason="PyYAML is not installed: pip install 'minideep[lessons]'")
hypothesis = pytest.importorskip("hypothesis", reason="hypothesis is not installed: pip install 'minideep[test]'")
st = hypothesis.strategies

# The course's own file, with the number that YAML 1.1 takes for a text (erratum B19).
BASE = """
model:
  name: "resnet50"
  num_classes: 1000
  pretrained: true

data:
  dataset: "imagenet"
  batch_size: 256
  num_workers: 8
  image_size: 224

training:
  epochs: 100
  learning_rate: 0.1
  optimizer: "sgd"
  momentum: 0.9
  weight_decay: 1e-4
  scheduler: "cosine"
"""


class Width(ModelConfig):
    width: int = 64
    kind: Literal["plain", "residual"] = "plain"
    sizes: list[int] = [1, 2]  # noqa: RUF012
    pair: tuple[int, ...] = (3, 3)
    scale: float | None = None
    anything: Any = None


class WithWidth(Config):
    model: Width


class Needs(Settings):
    classes: int


class Project(Settings):
    needs: Needs
    width: Width = Width(width=7)


class Nothing(Settings):
    pass


def message(action, *arguments, **keywords) -> str:
    with pytest.raises(ConfigError) as caught:
        action(*arguments, **keywords)
    return str(caught.value)


# ---------------------------------------------------------------------------------------------- reading


def test_the_courses_file(tmp_path) -> None:
    path = tmp_path / "base.yaml"
    path.write_text(BASE)
    config = Config(path)
    assert config.training.weight_decay == 1e-4
    assert config.training.optimizer == "sgd"
    assert config.training.epochs == 100
    assert config.model.pretrained is True
    assert config.data.image_size == 224
    assert config.training.clip_norm is None


@pytest.mark.parametrize("text", ["1e-4", "1E-4", "1.0e-4", "+1e-4", ".1e-3", "0.0001", "1.e-4"])
def test_numbers_as_people_write_them(tmp_path, text) -> None:
    (tmp_path / "a.yaml").write_text(f"training:\n  learning_rate: {text}\n  optimizer_options: {{eps: {text}}}\n")
    training = Config(str(tmp_path / "a.yaml")).training
    assert training.learning_rate == 1e-4
    assert training.optimizer_options == {"eps": 1e-4}


def test_an_empty_file_and_empty_sections_change_nothing(tmp_path) -> None:
    (tmp_path / "a.yaml").write_text("")
    (tmp_path / "b.yaml").write_text("model:\ntraining:\n")
    assert Config(tmp_path / "a.yaml") == Config(tmp_path / "b.yaml") == Config()


def test_keywords_go_before_a_dict_and_nothing_is_shared() -> None:
    config = Config({"training": {"epochs": 1, "optimizer": "adam"}}, training={"epochs": 2})
    assert (config.training.epochs, config.training.optimizer) == (2, "adam")
    config.training.optimizer_options["eps"] = 1.0
    assert Config().training.optimizer_options == {}
    assert TrainingConfig().optimizer_options == {}


def test_settings_of_ones_own() -> None:
    config = WithWidth(model={"kind": "residual", "sizes": (4, 5), "pair": [1], "scale": 2, "name": "mine"})
    assert config.model.sizes == [4, 5]
    assert config.model.pair == (1,)
    assert config.model.scale == 2.0
    assert isinstance(config.model.scale, float)
    assert config.model.num_classes == 1000
    config.model = Width(width=3)
    assert config.model.width == 3
    config.model = {"width": 5}
    assert config.model == Width(width=5)


# ---------------------------------------------------------------------------------------------- comparing, saving


def test_compared_by_value() -> None:
    assert copy.deepcopy(Config(training={"epochs": 3})) == Config(training={"epochs": 3})
    assert Config(training={"epochs": 3}) == Config(training={"epochs": 3})
    assert Config(training={"epochs": 3}) != Config(training={"epochs": 4})
    assert Width() != ModelConfig()
    assert Config() != "Config()"
    assert repr(Needs(classes=2)) == "Needs(classes=2)"


numbers = st.floats(0, 1e300) | st.none()
words = st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=8)
values = st.fixed_dictionaries(
    {"epochs": st.integers(0, 10**6), "learning_rate": numbers, "optimizer": words, "resume": st.booleans()},
    optional={"optimizer_options": st.dictionaries(words, st.floats(allow_nan=False) | words | st.booleans())},
)


@hypothesis.given(values)
def test_what_is_saved_comes_back(values) -> None:
    import tempfile

    config = Config(training=values)
    with tempfile.TemporaryDirectory() as folder:
        config.save(f"{folder}/a.yaml")
        assert Config(f"{folder}/a.yaml") == config
    assert Config(config.to_dict()) == config


# ---------------------------------------------------------------------------------------------- the command line


def test_overridden_from_the_command_line() -> None:
    config = WithWidth().override(
        ["training.epochs=5", "training.learning_rate=1e-3", "training.scheduler=null", "training.progress=false"]
        + ["model.name=1", "training.optimizer=yes", "model.sizes=[1, 2, 3]", "model.scale=2", "model.anything=7"]
        + ["training.optimizer_options.nesterov=true", "training.optimizer_options.dampening=0"]
    )
    training = config.training
    assert (training.epochs, training.learning_rate, training.scheduler, training.progress) == (5, 1e-3, None, False)
    assert config.model.name == "1"
    assert training.optimizer == "yes"
    assert config.model.sizes == [1, 2, 3]
    assert config.model.scale == 2.0
    assert config.model.anything == 7
    assert training.optimizer_options == {"nesterov": True, "dampening": 0}


# ---------------------------------------------------------------------------------------------- mistakes


def test_unknown_names_are_told_the_nearest() -> None:
    assert message(Config, training={"epoch": 5}) == (
        "Config: training.epoch is unknown; did you mean training.epochs (int)?"
    )
    assert "did you mean training.learning_rate (float | None)?" in message(Config, learning_rate=0.1)
    assert "did you mean data.batch_size (int)?" in message(Config, training={"batchsize": 3})
    assert "did you mean training (TrainingConfig)?" in message(Config, trainnig={"epochs": 3})
    assert message(Config().override, ["trainig.epochs=5"]).startswith("Config: trainig is unknown; did you mean")
    assert message(Nothing, a=1) == "Nothing: a is unknown; did you mean none of its settings, as there are none (Any)?"
    assert message(setattr, Config().training, "epohcs", 3) == (
        "TrainingConfig: epohcs is unknown; did you mean epochs (int)?"
    )


def test_other_types_are_refused() -> None:
    assert message(Config, training={"epochs": "five"}) == ("Config: training.epochs expects int, but got 'five' (str)")
    assert message(Config, training={"epochs": True}).endswith("expects int, but got True (bool)")
    assert message(Config, training={"epochs": 2.0}).endswith("expects int, but got 2.0 (float)")
    assert message(Config, training={"resume": 1}).endswith("expects bool, but got 1 (int)")
    assert message(Config, training={"learning_rate": "1e-4"}).endswith("expects float | None, but got '1e-4' (str)")
    assert message(WithWidth, model={"sizes": [1, "x"]}).endswith(
        "model.sizes expects list[int], but got [1, 'x'] (list)"
    )
    assert "model.kind expects Literal['plain', 'residual'], but got 'plane'" in message(
        WithWidth, model={"kind": "plane"}
    )
    assert message(Config, training=3) == "Config: training expects values by their names, but got 3"
    assert message(Config, ["training"]) == "Config: all of it expects values by their names, but got ['training']"
    assert message(setattr, Config(), "training", 3).startswith("Config: training expects TrainingConfig, but got 3")
    assert message(Config().override, ["training.epochs=five"]).endswith("expects int, but got 'five'")


def test_numbers_that_are_too_small() -> None:
    assert message(Config, training={"accumulate": 0}) == "Config: training.accumulate expects at least 1, but got 0"
    assert "learning_rate expects at least 0, but got nan" in message(Config, training={"learning_rate": float("nan")})
    assert Config(training={"clip_norm": None}).training.clip_norm is None


def test_a_setting_without_default_is_missed() -> None:
    assert message(Needs) == "Needs: classes (int) is missing, and has no default"
    assert message(Project) == "Project: needs.classes (int) is missing, and has no default"
    assert Project(needs={"classes": 2}).needs == Needs(classes=2)


def test_a_section_may_have_defaults_of_its_own() -> None:
    project = Project(needs={"classes": 2})
    project.width.width = 8
    assert Project(needs={"classes": 2}).width.width == 7


def test_files_and_arguments_that_make_no_sense(tmp_path) -> None:
    (tmp_path / "a.yaml").write_text("training:\n  epoch: 3\n")
    assert message(Config, tmp_path / "a.yaml").endswith(
        f"did you mean training.epochs (int)?, in {tmp_path / 'a.yaml'}"
    )
    (tmp_path / "b.yaml").write_text("a: [1, 2")
    assert message(Config, tmp_path / "b.yaml").startswith("Settings: this is not YAML:")
    assert message(Config().override, ["--fast"]) == "Config: expected section.name=value, but got '--fast'"


def test_without_yaml_it_says_what_to_install(monkeypatch) -> None:
    real = builtins.__import__

    def missing(name, *arguments, **keywords):
        if name == "yaml":
            raise ImportError(name)
        return real(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ImportError, match=r"Settings: YAML needs PyYAML: pip install 'minideep\[lessons\]'"):
        Config().save("never.yaml")
