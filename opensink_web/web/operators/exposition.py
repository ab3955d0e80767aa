"""Prometheus' text format, version 0.0.4: a family of samples, each with its labels and number.

https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class MetricType(StrEnum):
    """What a family is: a number that goes up alone, any number, or counts up to bounds."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Sample:
    """One number; `suffix` stands behind the family's name, as `_bucket` does."""

    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Family:
    """Samples of one name, what they are and what they say."""

    name: str
    type: MetricType
    about: str
    samples: Iterable[Sample]


def written(families: Iterable[Family]) -> Iterator[str]:
    """Write families line by line."""
    for family in families:
        yield f"# HELP {family.name} {family.about}\n"
        yield f"# TYPE {family.name} {family.type}\n"
        for sample in family.samples:
            labels = ",".join(f'{name}="{_escaped(text)}"' for name, text in sample.labels.items())
            shown = f"{{{labels}}}" if labels else ""
            yield f"{family.name}{sample.suffix}{shown} {number(sample.value)}\n"


def number(value: float) -> str:
    """Write a number, a whole one without a point."""
    return str(int(value)) if value == int(value) else repr(float(value))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
