"""Data that lives elsewhere: on the stand-in for a GPU, batches stay where the tensors are."""

from __future__ import annotations

import pytest

import minideep as md
from gradcheck import strict
from gradcheck.strict import StrictArray
from minideep.data import DataLoader, Subset, TensorDataset, default_collate, default_convert

strict.register()


@pytest.mark.parametrize("shuffle", [False, True])
def test_batches_of_tensors_elsewhere_stay_there(shuffle: bool) -> None:
    data = TensorDataset(md.arange(10.0).to("strict"), md.arange(10).to("strict"))
    for dataset in (data, Subset(data, range(3, 9)), data + data):
        seen = []
        for x, y in DataLoader(dataset, 4, shuffle=shuffle):
            assert isinstance(x.array, StrictArray)
            assert (x.cpu() == y.cpu()).all()
            seen += y.tolist()
        assert len(seen) == len(dataset)


def test_samples_elsewhere_are_put_together_there() -> None:
    x = md.arange(3).to("strict")
    assert isinstance(default_collate([x, x]).array, StrictArray)
    collated = default_collate([(x.array, 1), (x.array, 2)])
    assert isinstance(collated[0].array, StrictArray)
    assert collated[1].tolist() == [1, 2]
    assert isinstance(default_convert({"x": x.array})["x"].array, StrictArray)
    by_worker = next(iter(DataLoader(TensorDataset(x), 2, num_workers=1)))
    assert isinstance(by_worker[0].array, StrictArray)
