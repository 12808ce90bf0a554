"""Templates of ROS (Resource Orchestration Service) in YAML: the resources in them."""

from collections.abc import Iterator

from . import yaml_tree
from .resources import ROS, Declared, evaluate_ros


def declares_buckets(document: bytes) -> bool:
    """Return whether a document names the type of a bucket of ROS."""
    return any(kind.encode() in document for kind in ROS.buckets)


def parse(text: str) -> Iterator[Declared]:
    """Yield the resources of a template. Raises SourceError."""
    members = ("Resources", "Type", "Properties")
    for resource in yaml_tree.resources(text, members, lambda value: value):
        resource.values = evaluate_ros(resource.values)
        yield resource
