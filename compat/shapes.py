"""Writes down what the SDK needs of each answer, as JSON schemas of its models: `shapes.py FILE` writes them, `--check` compares.

The tests in Go check the server's answers against that file, so that they need no Python.
"""

import argparse
import json
import sys
from pathlib import Path

from nexla_sdk.models.common import LogEntry
from nexla_sdk.models.access.responses import OrgAccessorResponse, TeamAccessorResponse, UserAccessorResponse
from nexla_sdk.models.credentials.responses import Credential, ProbeSampleResponse, ProbeTreeResponse
from nexla_sdk.models.destinations.responses import Destination
from nexla_sdk.models.doc_containers.responses import DocContainer
from nexla_sdk.models.flows.responses import FlowLogsResponse, FlowMetricsApiResponse, FlowResponse
from nexla_sdk.models.lookups.responses import Lookup
from nexla_sdk.models.metrics.responses import AccountMetrics, DashboardMetrics, MetricsByRunResponse, MetricsResponse
from nexla_sdk.models.nexsets.responses import Nexset, NexsetSample
from nexla_sdk.models.notifications.responses import (Notification, NotificationChannelSetting, NotificationCount, NotificationSetting,
                                                      NotificationType)
from nexla_sdk.models.organizations.responses import AccountSummary, Organization, OrgMember
from nexla_sdk.models.projects.responses import Project, ProjectDataFlow
from nexla_sdk.models.sources.responses import Source
from nexla_sdk.models.teams.responses import Team, TeamMember
from nexla_sdk.models.users.responses import User
from pydantic.json_schema import models_json_schema

MODELS = [AccountMetrics, AccountSummary, Credential, DashboardMetrics, Destination, DocContainer, FlowLogsResponse, FlowMetricsApiResponse, FlowResponse,
          LogEntry, Lookup, MetricsByRunResponse, MetricsResponse, Nexset, NexsetSample, Notification, NotificationChannelSetting, NotificationCount,
          NotificationSetting, NotificationType, OrgAccessorResponse, OrgMember, Organization, ProbeSampleResponse, ProbeTreeResponse, Project,
          ProjectDataFlow, Source, Team, TeamAccessorResponse, TeamMember, User, UserAccessorResponse]

# Words for people, and defaults: nothing that an answer can be wrong in.
WORDS = ("title", "description", "default", "examples")


def bare(schema, of_properties=False):
    """The schema without its words. A property may have such a name."""
    if isinstance(schema, list):
        return [bare(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: bare(value, key in ("properties", "$defs") and not of_properties)
            for key, value in schema.items() if of_properties or key not in WORDS}


def shapes():
    names, schema = models_json_schema([(model, "validation") for model in MODELS])
    return {"models": {model.__name__: names[(model, "validation")]["$ref"] for model in MODELS}, "$defs": bare(schema["$defs"], True)}


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("file", type=Path)
    arguments.add_argument("--check", action="store_true", help="compare instead of writing")
    given = arguments.parse_args()
    text = json.dumps(shapes(), indent=1, sort_keys=True) + "\n"
    if not given.check:
        given.file.write_text(text)
    elif json.loads(given.file.read_text()) != json.loads(text):
        print(f"{given.file} is not what the SDK needs: write it again with compat/shapes.py, and look at the difference", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
