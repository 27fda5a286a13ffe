"""A whole story with the unmodified Nexla SDK against a Weir server: what scripts that were written for the SDK do.

Each step is one thing that users do. A step names the routes that it needs; when the server does not offer them the step fails, unless its
name is in NOT_OFFERED, with the reason.
"""

import argparse
import datetime
import sys
import tempfile
import time
import traceback
from pathlib import Path

from nexla_sdk import NexlaClient
from nexla_sdk import exceptions as errors
from nexla_sdk.http_client import RequestsHttpClient
from nexla_sdk.models.access import UserAccessorRequest
from nexla_sdk.models.credentials.requests import CredentialCreate, CredentialUpdate, ProbeSampleRequest, ProbeTreeRequest
from nexla_sdk.models.credentials.responses import Credential
from nexla_sdk.models.destinations.requests import DestinationCopyOptions, DestinationCreate, DestinationUpdate
from nexla_sdk.models.flows.requests import FlowCopyOptions
from nexla_sdk.models.flows.responses import FlowLogsResponse, FlowMetricsApiResponse
from nexla_sdk.models.lookups.requests import LookupCreate, LookupUpdate
from nexla_sdk.models.nexsets.requests import NexsetCreate, NexsetUpdate
from nexla_sdk.models.notifications.requests import NotificationChannelSettingCreate, NotificationSettingCreate, NotificationSettingUpdate
from nexla_sdk.models.organizations.requests import OrganizationUpdate, OrgMemberDelete, OrgMemberList, OrgMemberUpdate
from nexla_sdk.models.projects.requests import ProjectCreate, ProjectFlowIdentifier, ProjectFlowList, ProjectUpdate
from nexla_sdk.models.sources.requests import SourceCopyOptions, SourceCreate, SourceUpdate
from nexla_sdk.models.teams.requests import TeamCreate, TeamMemberList, TeamMemberRequest, TeamUpdate
from nexla_sdk.models.transforms.requests import TransformCodeOp, TransformCreate
from nexla_sdk.models.users.requests import UserCreate, UserUpdate

from server import Server
from wire import Wire

# Steps whose routes this version of Weir does not have, and why.
NOT_OFFERED = {}

STEPS = []


def step(*routes):
    """Adds a function to the story. Routes are written "POST /projects"."""

    def add(function):
        STEPS.append((function.__name__, [tuple(route.split(" ", 1)) for route in routes], function))
        return function

    return add


class Story:
    """What the steps share: the server, the SDK's clients, and what was made."""

    def __init__(self, server, wire):
        self.server, self.wire = server, wire
        self.sdk = self.client(service_key=server.service_key)

    def client(self, retries=3, **auth):
        return self.wire.watch(NexlaClient(base_url=self.server.url, http_client=RequestsHttpClient(max_retries=retries), **auth))

    def credential(self, name):
        """A credential of its own for a step that must not disturb others."""
        return self.sdk.credentials.create(CredentialCreate(name=name, credentials_type="cal_com_api",
                                                            credentials={"api_key": self.server.calcom_key}))


def raises(kind, call, *args, **kwargs):
    """Checks that a call ends in exactly this kind of error, and gives it."""
    try:
        call(*args, **kwargs)
    except errors.NexlaError as error:
        assert type(error) is kind, f"{type(error).__name__} instead of {kind.__name__}: {error}"
        return error
    raise AssertionError(f"no {kind.__name__}")


def today():
    return datetime.datetime.now(datetime.timezone.utc).date().isoformat()


def wait(what, check, seconds=60):
    """Waits until check gives something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if got := check():
            return got
        time.sleep(0.2)
    raise AssertionError(f"{what} did not happen in {seconds} s")


@step("POST /token", "GET /users/current")
def signs_in_with_a_service_key(s):
    me = s.sdk.users.get_current()
    assert me["email"] == "ada@example.com", me
    token = s.sdk.auth_handler.get_access_token()
    s.sdk.users.get_current()
    assert s.sdk.auth_handler.get_access_token() == token, "a new token for each request"
    direct = s.client(access_token=token)
    assert direct.users.get_current()["id"] == me["id"]
    s.me, s.org = me["id"], me["default_org"]["id"]


@step("POST /token/logout")
def signs_out(s):
    client = s.client(service_key=s.server.service_key)
    client.users.get_current()
    token = client.auth_handler.get_access_token()
    client.auth_handler.logout()
    raises(errors.AuthenticationError, s.client(access_token=token).users.get_current)
    client.users.get_current()  # a new session by itself


@step()
def gets_the_sdks_own_errors(s):
    raises(errors.AuthenticationError, s.client(service_key="wsk_nobody").users.get_current)
    raises(errors.AuthenticationError, s.client(access_token="made-up").sources.list)
    error = raises(errors.ValidationError, s.sdk.credentials.create, {"name": "x", "credentials_type": "calendly"})
    assert "credentials_type" in str(error), error
    error = raises(errors.ValidationError, s.sdk.credentials.create, {"name": 7, "credentials_type": "rest"})
    assert "name" in str(error), error
    raises(errors.NotFoundError, s.sdk.sources.get, -1)
    raises(errors.NotFoundError, s.sdk.flows.get, 999_999)
    narrow = s.client(service_key=s.server.narrow_key)
    raises(errors.AuthorizationError, narrow.credentials.create, {"name": "x", "credentials_type": "rest", "credentials": {"auth.type": "NONE"}})
    raises(errors.NotFoundError, s.sdk.code_containers.list)  # what Weir does not have at all


@step("GET /vendors", "GET /auth_templates")
def creates_a_credential(s):
    made = s.sdk.credentials.create(CredentialCreate(name="Cal.com", description="The team's calendar", credentials_type="cal_com_api",
                                                     credentials={"api_key": s.server.calcom_key}))
    assert made.verified_status == "VERIFIED" and made.verified_at and made.credentials_type == "rest", made
    assert made.vendor["name"] == "cal_com_api" and made.owner.email == "ada@example.com" and made.access_roles == ["owner"]
    vendor = s.sdk.request("GET", "/vendors")[0]
    template = s.sdk.request("GET", "/auth_templates")[0]
    by_template = s.sdk.credentials.create(CredentialCreate(name="By template", credentials_type="rest", vendor_id=vendor["id"],
                                                            auth_template_id=template["id"], template_config={"api_key": s.server.calcom_key}))
    assert by_template.verified_status == "VERIFIED"
    by_contract = s.sdk.credentials.create(CredentialCreate(name="As the contract has it", credentials_type="rest", credentials={
        "auth.type": "API_KEY", "api.key.include.mode": "HEADER", "api.key.auth.key": "Authorization",
        "api.key.auth.value": "Bearer " + s.server.calcom_key, "test.url": s.server.calcom + "/v2/me", "test.method": "GET"}))
    assert by_contract.credentials_non_secure_data["auth.type"] == "API_KEY", by_contract
    s.cal, s.spare, s.by_contract = made.id, by_template.id, by_contract.id
    s.lake = s.sdk.credentials.create(CredentialCreate(name="Lake", credentials_type="sqlite", credentials={"path": "story.db"})).id


@step()
def refuses_a_bad_key_and_stores_nothing(s):
    before = len(s.sdk.credentials.list())
    error = raises(errors.ValidationError, s.sdk.credentials.create,
                   CredentialCreate(name="Bad", credentials_type="cal_com_api", credentials={"api_key": "cal_live_" + 32 * "0"}))
    assert "key" in str(error).lower(), error
    assert len(s.sdk.credentials.list()) == before


@step()
def lists_gets_updates_and_copies_credentials(s):
    names = [c.name for c in s.sdk.credentials.list(credentials_type="cal_com_api", access_role="owner")]
    assert names.count("Cal.com") == 1 and "Lake" not in names, names
    assert [c.id for c in s.sdk.credentials.paginate(per_page=2)] == [c.id for c in s.sdk.credentials.list(per_page=100)]
    assert s.sdk.credentials.list(page=99) == []
    changed = s.sdk.credentials.update(s.cal, CredentialUpdate(name="Cal.com, renamed"))
    assert changed.name == "Cal.com, renamed" and changed.description == "The team's calendar"
    again = s.sdk.credentials.get(s.cal, expand=True)
    assert isinstance(again, Credential) and again.referenced_resource_ids == {"data_sources": [], "data_sinks": []}, again
    s.sdk.credentials.update(s.cal, CredentialUpdate(credentials={"api_key": s.server.calcom_key}))
    copied = s.sdk.credentials.copy(s.cal)
    assert copied.copied_from_id == s.cal and copied.id != s.cal
    assert s.sdk.credentials.delete(copied.id)["message"]
    raises(errors.NotFoundError, s.sdk.credentials.get, copied.id)


@step("GET /data_credentials/{id}/probe", "POST /data_credentials/{id}/probe/tree", "POST /data_credentials/{id}/probe/sample")
def probes_a_credential(s):
    assert s.sdk.credentials.probe(s.cal)["status"] == "ok"
    job = s.sdk.credentials.probe(s.cal, async_mode=True)
    assert job["status"] == "completed" and job["result"]["status"] == "ok", job
    assert s.sdk.credentials.probe(s.cal, async_mode=True, request_id=job["request_id"])["status"] == "completed"
    tree = s.sdk.credentials.probe_tree(s.cal, ProbeTreeRequest(depth=2))
    assert "bookings" in tree.object, tree
    sample = s.sdk.credentials.probe_sample(s.cal, ProbeSampleRequest(path="/v2/me"))
    assert sample.output["response"], sample
    sample = s.sdk.credentials.probe_sample(s.cal, ProbeSampleRequest(**{"rest.iterations": [
        {"key": "step_1", "iteration.type": "static.url", "method": "GET", "url.template": s.server.calcom + "/v2/event-types",
         "request.headers": "cal-api-version:2024-06-14", "response.data.path": "$.data[*]"}]}))
    assert sample.output["statusCode"] == 200 and len(sample.output["response"]) > 0, sample


@step()
def is_told_when_a_keys_budget_is_used_up(s):
    hasty = s.client(retries=0, service_key=s.server.service_key)  # otherwise the SDK waits as long as it is told
    tight = hasty.credentials.create(CredentialCreate(name="Tight", credentials_type="cal_com_api",
                                                      credentials={"api_key": s.server.other_key, "rate_limit": 2}))
    error = None
    for _ in range(4):
        try:
            hasty.credentials.probe(tight.id)
        except errors.RateLimitError as limited:
            error = limited
            break
    assert error and error.retry_after and error.retry_after > 0, f"no RateLimitError: {error}"
    s.sdk.credentials.delete(tight.id)


@step("GET /vendor_endpoints")
def creates_sources(s):
    found = s.sdk.request("GET", "/vendor_endpoints", params={"vendor": "cal_com_api", "direction": "source", "per_page": 1000})
    bookings = next(e for e in found if e["name"] == "cal_com_api.bookings")
    source = s.sdk.sources.create(SourceCreate(name="Bookings", source_type="rest", data_credentials_id=s.cal, vendor_endpoint_id=bookings["id"],
                                               ingest_method="POLL", template_config={}))
    assert source.status == "INIT" and source.vendor_endpoint["id"] == bookings["id"] and len(source.data_sets) == 1, source
    by_hand = s.sdk.sources.create(SourceCreate(name="By hand", source_type="rest", data_credentials_id=s.cal, source_config={
        "start.cron": "0 0 0 * * ? *",
        "rest.iterations": [{"key": "step_1", "iteration.type": "paging.incrementing.offset", "method": "GET",
                             "url.template": s.server.calcom + "/v2/event-types?take=50", "request.headers": "cal-api-version:2024-06-14",
                             "param.offset": "skip", "page.expected.rows": 50, "response.data.path": "$.data[*]"}]}))
    assert by_hand.poll_schedule == "0 0 0 * * ? *" and by_hand.source_config["rest.iterations"][0]["key"] == "step_1", by_hand
    raises(errors.ValidationError, s.sdk.sources.create, SourceCreate(name="x", source_type="rest", data_credentials_id=s.cal,
                                                                      source_config={"start.cron": "every day"}))
    s.source, s.by_hand, s.nexset = source.id, by_hand.id, source.data_sets[0].id


@step()
def lists_gets_updates_and_copies_sources(s):
    assert {x.id for x in s.sdk.sources.list()} >= {s.source, s.by_hand}
    source = s.sdk.sources.get(s.source, expand=True)
    assert source.data_credentials.id == s.cal and source.owner.full_name == "Ada Example", source
    assert s.sdk.sources.update(s.source, SourceUpdate(description="All bookings")).description == "All bookings"
    copied = s.sdk.sources.copy(s.source, SourceCopyOptions(reuse_data_credentials=True))
    assert copied.copied_from_id == s.source and copied.status == "INIT", copied
    assert s.sdk.sources.delete(copied.id)["code"] == "200"


@step()
def creates_updates_and_copies_destinations(s):
    sink = s.sdk.destinations.create(DestinationCreate(name="Tables", sink_type="rest", data_credentials_id=s.lake, data_set_id=s.nexset,
                                                       sink_config={"mode": "upsert"}))
    assert sink.status == "INIT" and sink.data_set.id == s.nexset, sink
    assert s.sdk.destinations.update(sink.id, DestinationUpdate(description="For the analysts")).description == "For the analysts"
    assert s.sdk.destinations.get(sink.id, expand=True).data_credentials.id == s.lake
    copied = s.sdk.destinations.copy(sink.id, DestinationCopyOptions(reuse_data_credentials=True))
    assert copied.copied_from_id == sink.id
    s.sdk.destinations.delete(copied.id)
    assert [x.id for x in s.sdk.destinations.list()] == [sink.id]
    s.sink = sink.id


@step()
def activates_and_reads(s):
    assert s.sdk.destinations.activate(s.sink).status == "ACTIVE"
    assert s.sdk.sources.activate(s.source).status == "ACTIVE"
    tree = s.sdk.flows.activate_by_resource("data_sources", s.source, all=True)  # the same address, read in another way
    assert tree.flows[0].data_source_id == s.source and tree.flows[0].children, tree

    def ended():
        runs = s.sdk.request("GET", f"/data_sources/{s.source}/runs")
        return runs and all(r["status"] not in ("queued", "running") for r in runs) and runs

    runs = wait("a run", ended)
    assert runs[0]["status"] == "succeeded" and max(r["written"] for r in runs) == 200, runs
    source = s.sdk.sources.get(s.source)
    assert source.run_ids and source.run_ids[0].created_at, source
    s.run = next(r["id"] for r in runs if r["written"] == 200)


@step()
def shows_nexsets_and_samples(s):
    nexset = s.sdk.nexsets.get(s.nexset, expand=True)
    assert "uid" in nexset.output_schema["properties"] and [x.id for x in nexset.data_sinks] == [s.sink] and nexset.data_source.id == s.source, nexset
    assert s.nexset in [n.id for n in s.sdk.nexsets.list()]
    plain = s.sdk.nexsets.get_samples(s.nexset, count=5)
    assert len(plain) == 5 and plain[0].raw_message["uid"], plain
    told = s.sdk.nexsets.get_samples(s.nexset, count=3, include_metadata=True, live=True)
    assert len(told) == 3 and told[0].raw_message["uid"] and told[0].nexla_metadata, told
    assert s.sdk.nexsets.update(s.nexset, NexsetUpdate(name="All bookings", tags=["calendar"])).tags == ["calendar"]
    assert s.sdk.nexsets.pause(s.nexset).status == "PAUSED" and s.sdk.nexsets.activate(s.nexset).status == "ACTIVE"


@step("POST /data_sets", "POST /transforms")
def makes_a_nexset_with_rules(s):
    rules = [{"operation": "filter", "spec": {"expression": 'row.status == "accepted"'}}, {"operation": "rename", "spec": {"field": "title", "to": "subject"}}]
    s.derived = s.sdk.nexsets.create(NexsetCreate(name="Accepted", parent_data_set_id=s.nexset, has_custom_transform=True,
                                                  transform={"code_type": "rules", "code": rules})).id
    derived = s.sdk.nexsets.get(s.derived)
    assert [p.id for p in derived.parent_data_sets] == [s.nexset], derived
    samples = s.sdk.nexsets.get_samples(s.derived, count=5)
    assert samples and all(x.raw_message["subject"] and "title" not in x.raw_message for x in samples), samples
    tidy = s.sdk.transforms.create(TransformCreate(name="Tidy", output_type="record", code_type="rules", code_encoding="none",
                                                   code=[TransformCodeOp(operation="drop", spec={"field": "metadata"})]))
    assert tidy.code[0].operation == "drop" and s.sdk.transforms.get(tidy.id).name == "Tidy" and tidy.id in [x.id for x in s.sdk.transforms.list()], tidy
    deep = s.sdk.nexsets.create(NexsetCreate(name="Tidied", parent_data_set_id=s.derived, has_custom_transform=True, transform_id=tidy.id))
    assert deep.transform_id == tidy.id, deep
    s.deep_sink = s.sdk.destinations.create(DestinationCreate(name="Tidied table", sink_type="rest", data_credentials_id=s.lake, data_set_id=deep.id)).id
    raises(errors.ResourceConflictError, s.sdk.transforms.delete, tidy.id)
    s.tidy, s.deep = tidy.id, deep.id


@step("GET /data_sets/{id}/docs", "POST /data_sets/{id}/docs")
def documents_a_nexset(s):
    written = s.sdk.nexsets.update_docs(s.nexset, [{"name": "About", "description": "", "doc_type": "md", "text": "# Bookings\nOne line each."}])
    assert [d.name for d in written] == ["About"], written
    assert s.sdk.nexsets.list_docs(s.nexset)[0].text.startswith("# Bookings")


@step()
def lists_and_gets_flows(s):
    everything = s.sdk.flows.list(include_run_metrics=True)[0]
    assert s.source in [x.id for x in everything.data_sources] and s.sink in [x.id for x in everything.data_sinks], everything
    assert any(m.run_id and m.reporting_date for m in everything.metrics), everything.metrics
    trees = s.sdk.flows.list(flows_only=True)[0]
    assert not trees.data_sources
    s.flow = next(f.id for f in trees.flows if f.data_source_id == s.source)
    flow = s.sdk.flows.get(s.flow)
    assert flow.flows[0].origin_node_id == s.flow and s.sink in [n.data_sink_id for n in flow.flows[0].children[0].children], flow
    assert s.cal in [c.id for c in flow.data_credentials], flow
    assert s.sdk.flows.get(s.flow, flows_only=True).data_sets in (None, [])
    for kind, number in ("data_sources", s.source), ("data_sets", s.nexset), ("data_sinks", s.sink):
        assert s.sdk.flows.get_by_resource(kind, number).flows[0].origin_node_id == s.flow


@step()
def shows_metrics_runs_and_logs(s):
    begin = int(time.time() * 1000) - 3_600_000
    for kind, number in ("data_sources", s.source), ("data_sets", s.nexset), ("data_sinks", s.sink):
        daily = s.sdk.metrics.get_resource_daily_metrics(kind, number, today(), today())
        assert daily.metrics[0]["records"] == 200, (kind, daily)
        runs = s.sdk.metrics.get_resource_metrics_by_run(kind, number, groupby="runId", orderby="lastWritten", page=1, size=10)
        assert s.run in [line["runId"] for line in runs.metrics["data"]], (kind, runs)
        logs = s.sdk.metrics.get_flow_logs(kind, number, s.run, begin, page=1, per_page=50)
        assert isinstance(logs, FlowLogsResponse) and logs.logs and logs.logs[0].message and logs.meta.total_count, (kind, logs)
        flow = s.sdk.metrics.get_flow_metrics(kind, number, today(), groupby="runId", page=1, per_page=10)
        assert isinstance(flow, FlowMetricsApiResponse) and flow.metrics.data, (kind, flow)
    logs = s.sdk.flows.get_logs("data_sources", s.source, s.run, begin)
    assert isinstance(logs, FlowLogsResponse) and any(line.log_type == "SUMMARY" for line in logs.logs), logs
    assert s.sdk.flows.get_metrics("data_sources", s.source, today()).metrics.data


@step("GET /flows/{id}/logs", "POST /flows/{id}/logs_v2", "GET /flows/{id}/run_status/{run_id}")
def searches_a_flows_logs(s):
    lines = s.sdk.flows.get_flow_logs(s.flow, from_date=today(), run_id=s.run, page=1, per_page=10)
    assert lines["logs"]["data"], lines
    assert s.sdk.flows.get_flow_logs(s.flow, severity="ERROR")["logs"]["data"] == []
    assert s.sdk.flows.search_flow_logs(s.flow, run_ids=[s.run], log_type="SUMMARY", search_string="succeeded", size=10)
    assert s.sdk.flows.get_run_status(s.flow, s.run)


@step()
def refuses_to_delete_what_is_active_or_used(s):
    error = raises(errors.ServerError, s.sdk.flows.delete, s.flow)
    assert error.status_code == 405 and error.response["data_sources"] == [s.source] and error.response["message"], error.response
    raises(errors.ResourceConflictError, s.sdk.credentials.delete, s.cal)
    raises(errors.ServerError, s.sdk.sources.delete, s.source)


@step()
def pauses_activates_and_copies_flows(s):
    assert s.sdk.flows.pause(s.flow, all=True).flows[0].status == "PAUSED"
    assert s.sdk.flows.activate(s.flow, full_tree=True).flows[0].status == "ACTIVE"
    assert s.sdk.flows.pause_by_resource("data_sources", s.source, all=True).flows[0].status == "PAUSED"
    assert s.sdk.sources.pause(s.source).status == "PAUSED"
    copied = s.sdk.flows.copy(s.flow, FlowCopyOptions(reuse_data_credentials=True, copy_access_controls=False))
    assert copied.flows[0].id != s.flow and copied.data_sources[0].copied_from_id == s.source, copied
    names = {d.name for d in copied.data_sets} | {t.name for t in copied.data_sinks}
    assert names >= {"Accepted (copy)", "Tidied (copy)", "Tables (copy)", "Tidied table (copy)"}, names
    assert s.sdk.flows.delete(copied.flows[0].id)["message"]
    own = s.sdk.flows.copy(s.flow, FlowCopyOptions(reuse_data_credentials=False, copy_access_controls=True))
    assert s.cal not in [c.id for c in own.data_credentials] and all(c.copied_from_id for c in own.data_credentials), own.data_credentials
    assert s.sdk.credentials.probe(own.data_sources[0].data_credentials_id)["status"] == "ok"
    s.sdk.flows.delete(own.flows[0].id)
    for c in own.data_credentials:
        s.sdk.credentials.delete(c.id)
    replaced = s.sdk.flows.copy_and_replace_credentials(s.flow, {s.source: s.spare})
    assert replaced.data_sources[0].data_credentials_id == s.spare, replaced
    s.sdk.flows.delete_by_resource("data_sources", replaced.data_sources[0].id)


@step("GET /data_credentials/{id}/accessors")
def shares_a_credential(s):
    """The SDK cannot read a list of accessors that has any (AttributeError: Union has no model_validate), so its requests are made, and the
    answers are read without its models."""
    team = s.sdk.teams.create(TeamCreate(name="Sharers"))
    grant = {"type": "TEAM", "id": team.id, "access_roles": ["collaborator"]}
    known_fault = False
    try:
        s.sdk.credentials.add_accessors(s.cal, [grant])
    except AttributeError:
        known_fault = True
    except errors.NexlaError as error:
        known_fault = isinstance(error.__cause__, AttributeError)
    assert known_fault, "the SDK reads accessors now: check them here"
    listed = s.sdk.request("GET", f"/data_credentials/{s.cal}/accessors")
    assert [(a["type"], a["id"], a["access_roles"]) for a in listed] == [("TEAM", team.id, ["collaborator"])], listed
    for call in s.sdk.credentials.get_accessors, lambda number: s.sdk.credentials.replace_accessors(number, [grant]):
        try:
            call(s.cal)
        except AttributeError:
            pass
    assert s.sdk.credentials.delete_accessors(s.cal) == []
    assert s.sdk.credentials.get_accessors(s.cal) == []
    s.sdk.teams.delete(team.id)
    UserAccessorRequest(email="ada@example.com", access_roles=["collaborator"])  # the SDK's own form of it


@step()
def reads_audit_logs(s):
    entries = s.sdk.credentials.get_audit_log(s.cal, from_date=today(), page=1, per_page=20)
    assert "credential.create" in [e["event"] for e in entries], entries
    assert s.sdk.sources.get_audit_log(s.source) and s.sdk.destinations.get_audit_log(s.sink)
    assert s.sdk.organizations.get_audit_log(s.org, per_page=100)  # parses every entry


@step("GET /users/{id}/audit_log", "GET /orgs/{id}/data_sources/audit_log")
def reads_audit_logs_of_users_and_kinds(s):
    assert "user.create" not in [e["event"] for e in s.sdk.users.get_audit_log(s.me)]  # the first user made themselves
    assert s.sdk.organizations.get_resource_audit_log(s.org, "data_sources")


@step("GET /orgs", "GET /orgs/{id}/members")
def shows_organizations_and_users(s):
    assert [o.id for o in s.sdk.organizations.list()] == [s.org] and s.sdk.organizations.get(s.org).name == "Acme"
    members = s.sdk.organizations.get_members(s.org)
    assert [x.email for x in members] == ["ada@example.com"] and members[0].is_admin, members
    users = s.sdk.users.list(expand=True)
    assert [u.id for u in users] == [s.me] and s.sdk.users.get(s.me, expand=True).full_name == "Ada Example"


@step("POST /teams")
def keeps_teams(s):
    team = s.sdk.teams.create(TeamCreate(name="Readers", description="", members=[TeamMemberRequest(email="ada@example.com")]))
    assert team.members[0].id == s.me and team.member, team
    assert s.sdk.teams.update(team.id, TeamUpdate(description="They read")).description == "They read"
    assert team.id in [t.id for t in s.sdk.teams.list()] and s.sdk.teams.get(team.id).name == "Readers"
    members = TeamMemberList(members=[TeamMemberRequest(id=s.me)])
    assert s.sdk.teams.remove_members(team.id, members) == []
    assert len(s.sdk.teams.add_members(team.id, members)) == 1 and len(s.sdk.teams.replace_members(team.id, members)) == 1
    assert len(s.sdk.teams.get_members(team.id)) == 1
    s.sdk.teams.delete(team.id)


@step("POST /users", "PUT /orgs/{id}", "PUT /orgs/{id}/members")
def changes_organizations_and_users(s):
    made = s.sdk.users.create(UserCreate(full_name="Grace", email="grace@example.com", password="a long enough password"))
    assert made.email == "grace@example.com", made
    assert s.sdk.users.update(made.id, UserUpdate(name="Grace H.")).full_name == "Grace H."
    assert {"user.create", "user.rename"} <= {e["event"] for e in s.sdk.users.get_audit_log(made.id)}
    changed = s.sdk.organizations.update(s.org, OrganizationUpdate(description="Ours"))
    assert changed.id == s.org and changed.description == "Ours" and changed.name == "Acme", changed
    assert s.sdk.organizations.update_members(s.org, OrgMemberList(members=[OrgMemberUpdate(id=made.id, access_role="operator")]))
    s.sdk.organizations.delete_members(s.org, OrgMemberDelete(members=[{"id": made.id}]))


@step("POST /projects", "PUT /projects/{id}/flows")
def keeps_projects(s):
    project = s.sdk.projects.create(ProjectCreate(name="Calendar", description="All of it", data_flows=[ProjectFlowIdentifier(data_source_id=s.source)]))
    assert project.name == "Calendar" and project.access_roles, project
    assert s.sdk.projects.update(project.id, ProjectUpdate(description="Some of it")).description == "Some of it"
    assert project.id in [p.id for p in s.sdk.projects.list(expand=True)] and s.sdk.projects.get(project.id, expand=True).id == project.id
    flows = ProjectFlowList(flows=[s.flow])
    assert s.sdk.projects.add_flows(project.id, flows) and s.sdk.projects.get_flows(project.id).flows[0].id == s.flow
    assert s.sdk.projects.replace_flows(project.id, flows)
    s.sdk.projects.remove_flows(project.id, flows)
    assert s.sdk.projects.get_flows(project.id).flows == []
    s.sdk.projects.delete(project.id)


@step("POST /data_maps", "PUT /data_maps/{id}/entries")
def keeps_lookups(s):
    lookup = s.sdk.lookups.create(LookupCreate(name="Countries", data_type="string", map_primary_key="code", data_defaults={"name": "?"},
                                               data_map=[{"code": "de", "name": "Germany"}]))
    assert lookup.map_primary_key == "code" and lookup.public is False, lookup
    assert s.sdk.lookups.update(lookup.id, LookupUpdate(description="By ISO code")).description == "By ISO code"
    assert lookup.id in [x.id for x in s.sdk.lookups.list()] and s.sdk.lookups.get(lookup.id).name == "Countries"
    assert s.sdk.lookups.upsert_entries(lookup.id, [{"code": "fr", "name": "France"}])
    assert [e["name"] for e in s.sdk.lookups.get_entries(lookup.id, ["de", "fr"])] == ["Germany", "France"]
    assert isinstance(s.sdk.lookups.delete_entries(lookup.id, "de"), dict)
    s.sdk.lookups.delete(lookup.id)


@step("GET /notifications", "GET /notification_types", "POST /notification_settings", "POST /notification_channel_settings")
def keeps_notifications(s):
    assert s.sdk.notifications.get_count(read=0).count >= 0
    for told in s.sdk.notifications.list(read=0, page=1, per_page=10):
        assert s.sdk.notifications.get(told.id).message
    s.sdk.notifications.mark_read("all")
    types = s.sdk.notifications.get_types()
    assert types and s.sdk.notifications.get_type(types[0].event_type, types[0].resource_type).id
    channel = s.sdk.notifications.create_channel_setting(NotificationChannelSettingCreate(channel="APP", config={}))
    assert channel.id in [c.id for c in s.sdk.notifications.list_channel_settings()] and s.sdk.notifications.get_channel_setting(channel.id).channel == "APP"
    setting = s.sdk.notifications.create_setting(NotificationSettingCreate(channel="APP", notification_type_id=types[0].id, status="ACTIVE"))
    assert s.sdk.notifications.update_setting(setting.id, NotificationSettingUpdate(status="PAUSED")).status == "PAUSED"
    assert setting.id in [x.id for x in s.sdk.notifications.list_settings()] and s.sdk.notifications.get_setting(setting.id).id == setting.id
    s.sdk.notifications.get_settings_by_type(types[0].id)
    s.sdk.notifications.get_resource_settings("data_sources", s.source)
    s.sdk.notifications.delete_setting(setting.id)
    s.sdk.notifications.delete_channel_setting(channel.id)
    s.sdk.notifications.delete_all()


@step("GET /health/org/all", "GET /health/org/flows", "GET /health/flow/{id}", "GET /limits", "GET /data_flows/metrics/daily", "GET /data_flows/metrics/total",
      "GET /users/{id}/flows/dashboard", "GET /users/{id}/flows/account_metrics")
def shows_health_and_account_metrics(s):
    assert s.sdk.flows.get_org_health_summary() and s.sdk.flows.get_org_health_flows(page=1, size=10) is not None
    assert s.sdk.flows.get_flow_health(s.flow) and s.sdk.metrics.get_rate_limits()
    assert s.sdk.metrics.get_flow_metrics_summary("daily") and s.sdk.metrics.get_flow_metrics_summary("total")
    assert s.sdk.flows.get_active_flows_metrics() is not None
    assert s.sdk.users.get_dashboard_metrics(s.me)["status"] == 200
    assert s.sdk.users.get_account_metrics(s.me, today())["status"] == 200
    assert s.sdk.users.get_daily_metrics(s.me, "SOURCE", today())["status"] == 200
    assert s.sdk.organizations.get_org_flow_account_metrics(s.org, today())["status"] == 200
    assert s.sdk.organizations.get_account_summary(s.org).org_id == s.org


@step()
def deletes_it_all(s):
    assert s.sdk.flows.delete(s.flow)["message"]
    raises(errors.NotFoundError, s.sdk.sources.get, s.source)
    s.sdk.sources.delete(s.by_hand)
    assert s.sdk.transforms.delete(s.tidy)["code"] == "200"
    for number in s.cal, s.spare, s.by_contract, s.lake:
        assert s.sdk.credentials.delete(number)["code"] == "200"
    assert s.sdk.credentials.list() == [] and s.sdk.sources.list() == [] and s.sdk.flows.list()[0].flows == []


def play(server):
    """Plays all steps, and gives the names of those that failed."""
    wire = Wire(server.url, server.document(), server.secrets())
    story = Story(server, wire)
    failed, skipped = [], []
    for name, routes, function in STEPS:
        title = name.replace("_", " ")
        absent = [" ".join(route) for route in routes if not wire.offers(*route)]
        if absent and name in NOT_OFFERED:
            skipped.append(name)
            print(f"  skip  {title}: {NOT_OFFERED[name]}")
            continue
        begun = time.monotonic()
        try:
            assert not absent, f"the server does not offer {', '.join(absent)}"
            function(story)
            print(f"  ok    {title} ({time.monotonic() - begun:.1f} s)")
        except Exception:
            failed.append(name)
            print(f"  FAIL  {title}")
            traceback.print_exc(file=sys.stdout)
    for what in wire.wrong:
        failed.append(what)
        print(f"  FAIL  {what}")
    for what, secret in server.secrets().items():
        if secret in server.log():
            failed.append(f"{what} is in the server's log")
            print(f"  FAIL  {what} is in the server's log")
    print(f"{len(STEPS) - len(skipped)} steps with {wire.calls} requests over {len(wire.seen)} of {len(wire.routes)} routes, "
          f"{len(skipped)} skipped, {len(failed)} faults. Slowest: {wire.slowest[1]}, {wire.slowest[0]:.2f} s.")
    return failed


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("weir", help="the program")
    weir = arguments.parse_args().weir
    with tempfile.TemporaryDirectory(prefix="weir-compat-") as directory:
        server = Server(weir, Path(directory))
        try:
            return 1 if play(server) else 0
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
