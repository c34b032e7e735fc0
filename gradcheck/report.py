"""What a check returns: true when all is well, and otherwise a text that says what is wrong, where, and why."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Worst:
    """The entry of a Jacobian that is furthest off."""

    output: str  # "output[1, 2]"
    input: str  # "input 0[1]"
    analytic: float
    numerical: float

    def __str__(self) -> str:
        return (
            f"d {self.output} / d {self.input}\n  analytic   {self.analytic:.10g}\n  numerical  {self.numerical:.10g}"
        )


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: with which quantity, how, the worst entry, and the likely mistake."""

    subject: str
    message: str
    worst: Worst | None = None
    diagnosis: str = ""

    def __str__(self) -> str:
        lines = [f"{self.subject} {self.message}"]
        lines += [f"worst: {self.worst}"] if self.worst else []
        lines += [f"diagnosis: {self.diagnosis}"] if self.diagnosis else []
        return "\n".join(lines).replace("\n", "\n  ")


@dataclass
class Report:
    """The outcome of a check. In a test: ``assert report``, or ``report.raise_if_failed()``; to read it: print it."""

    name: str
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what was done that one might not expect
    checks: list[str] = field(default_factory=list)  # what was compared
    flat: list[str] = field(default_factory=list)  # inputs on which nothing depends: their gradient is zero
    all_flat: bool = False  # whether nothing depends on any input

    def __bool__(self) -> bool:
        return not self.findings

    def __str__(self) -> str:
        verdict = "passed" if self else f"FAILED ({len(self.findings)} finding{'s' * (len(self.findings) > 1)})"
        lines = [f"gradcheck of {self.name}: {verdict}"]
        lines += ["  " + str(finding).replace("\n", "\n  ") for finding in self.findings]
        lines += [f"  checked: {', '.join(self.checks)}"] if self.checks else []
        lines += [f"  note: {note}" for note in self.notes]
        return "\n".join(lines)

    __repr__ = __str__

    def raise_if_failed(self) -> None:
        """Raise an AssertionError with the whole report as its message if anything is wrong."""
        if not self:
            raise AssertionError(str(self))
