"""What the work counts, in a registry of its own that `/metrics` shows."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter

REGISTRY = CollectorRegistry()

DELIVERIES = Counter(
    "triage_deliveries",
    "Deliveries taken in, by event and what became of them.",
    ["event", "outcome"],
    registry=REGISTRY,
)
FINISHED = Counter(
    "triage_deliveries_finished",
    "Deliveries whose work ended: done, dead or tried again.",
    ["outcome"],
    registry=REGISTRY,
)
ACTIONS = Counter(
    "triage_actions", "Actions on GitHub, by kind and how they ended.", ["kind", "outcome"], registry=REGISTRY
)
LIMITS = Counter("triage_github_limits", "Times a limit of GitHub's made a lane wait.", registry=REGISTRY)
UNAVAILABLE = Counter("triage_github_unavailable", "Calls to GitHub that had no usable answer.", registry=REGISTRY)

KNOWN_EVENTS = frozenset({
    "issues", "issue_comment", "label", "installation", "installation_repositories", "repository", "push", "ping",
})  # fmt: skip


def event_name(name: str) -> str:
    """For a metric's label: what a stranger invents must not become a time series of its own."""
    return name if name in KNOWN_EVENTS else "other"
