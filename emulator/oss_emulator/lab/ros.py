"""Templates of ROS (Resource Orchestration Service) in YAML: the resources in them."""

from collections.abc import Iterator

from . import yaml_tree
from .resources import ROS, Declared, NoRulesError, evaluate_ros


def declares_buckets(document: bytes) -> bool:
    """Return whether a document names the type of a bucket of ROS."""
    return any(kind.encode() in document for kind in ROS.buckets)


def parse(text: str) -> Iterator[Declared]:
    """Yield the resources of a template. Raises SourceError."""
    found = yaml_tree.member(yaml_tree.read(text), "Resources")
    if not isinstance(found.value, dict):
        raise NoRulesError("the template has no Resources; add them", *found.place)
    for name, node in found.value.items():
        kind = yaml_tree.member(node, "Type").value
        properties = yaml_tree.member(node, "Properties")
        resource = Declared(str(kind), name, None, {(): node.place})
        values = yaml_tree.plain(properties, (), resource.places, lambda value: value)
        resource.values = evaluate_ros(values)
        yield resource
