"""The stand-in as a Pulumi provider: it answers the protocol's requests by the table."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from pulumi.provider.experimental import provider as protocol

from sandbox.standin import calls, checks, diffs, states
from sandbox.standin.aws import Aws
from sandbox.standin.errors import StandInError, aws_words, is_gone
from sandbox.standin.resource_type import ResourceType
from sandbox.standin.schema import schema
from sandbox.standin.sessions import Sessions
from sandbox.standin.settings import unknown_settings
from sandbox.standin.tables import FUNCTIONS, resource_type
from sandbox.standin.values import Values, from_wire, to_wire


class StandIn(protocol.Provider):
    """Serves many runs; boto3 blocks, so calls of AWS run in threads."""

    def __init__(self, sessions: Sessions) -> None:
        """Serve the runs of `sessions`."""
        self._sessions = sessions

    async def get_schema(self, _request: protocol.GetSchemaRequest) -> protocol.GetSchemaResponse:
        """The types of the table, for programs in YAML, which are checked against a schema."""
        return protocol.GetSchemaResponse(schema())

    async def check_config(self, request: protocol.CheckRequest) -> protocol.CheckResponse:
        """Refuse provider settings that the stand-in does not know."""
        unknown = unknown_settings(from_wire(request.new_inputs).values)
        reason = "is not a setting of the AWS provider that the sandbox's stand-in honours"
        failures = [protocol.CheckFailure(name, f"aws:{name} {reason}") for name in unknown]
        return protocol.CheckResponse(inputs=request.new_inputs, failures=failures)

    async def check(self, request: protocol.CheckRequest) -> protocol.CheckResponse:
        """Check a program's inputs, and fill in defaults."""
        row, new = resource_type(request.type), from_wire(request.new_inputs)
        found = list(checks.faults(row, new.values))
        if found:
            failures = [protocol.CheckFailure(f.property, f.reason) for f in found]
            return protocol.CheckResponse(inputs=request.new_inputs, failures=failures)
        filled = checks.with_defaults(row, new.values)
        return protocol.CheckResponse(inputs=to_wire(filled, new.secrets))

    async def diff(self, request: protocol.DiffRequest) -> protocol.DiffResponse:
        """Compare the state with a program's inputs."""
        row = resource_type(request.type)
        old, new = from_wire(request.old_state).values, from_wire(request.new_inputs).values
        aws = self._sessions.aws(request.urn)
        return diffs.diff(row, old, new, states.all_tags(aws, new), request.ignore_changes)

    async def create(self, request: protocol.CreateRequest) -> protocol.CreateResponse:
        """Make a resource, or return what a preview knows of it."""
        return await asyncio.to_thread(self._create, request)

    async def read(self, request: protocol.ReadRequest) -> protocol.ReadResponse:
        """Read a resource as it is now, for a refresh or an import."""
        return await asyncio.to_thread(self._read, request)

    async def update(self, request: protocol.UpdateRequest) -> protocol.UpdateResponse:
        """Change a resource in place."""
        return await asyncio.to_thread(self._update, request)

    async def delete(self, request: protocol.DeleteRequest) -> None:
        """Delete a resource; one that is gone already is fine."""
        await asyncio.to_thread(self._delete, request)

    async def invoke(self, request: protocol.InvokeRequest) -> protocol.InvokeResponse:
        """Call a function."""
        if request.tok not in FUNCTIONS:
            raise StandInError(
                f"the sandbox's stand-in for the AWS provider does not know {request.tok}; "
                f"it knows {', '.join(sorted(FUNCTIONS))}",
            )
        function, args = FUNCTIONS[request.tok], from_wire(request.args)
        with _told(f"invoking {request.tok}"):
            answer = await asyncio.to_thread(function, self._sessions.aws(), args.values)
        return protocol.InvokeResponse(to_wire(answer))

    def _create(self, request: protocol.CreateRequest) -> protocol.CreateResponse:
        row, aws = resource_type(request.type), self._sessions.aws(request.urn)
        given = from_wire(request.properties)
        new, secrets = states.wanted(row, aws, given.values), states.secrets_of(row, given)
        if request.preview:
            return protocol.CreateResponse("", to_wire(states.planned(row, {}, new), secrets))
        with _told(f"creating {row.title} ({new.get(row.label)})"):
            id_, created = calls.create(row, aws, new)
            read = calls.read(row, aws, id_, created)
        state = states.found(row, aws, created, read or new)
        return protocol.CreateResponse(id_, to_wire(state, secrets))

    def _read(self, request: protocol.ReadRequest) -> protocol.ReadResponse:
        row, aws = resource_type(request.type), self._sessions.aws(request.urn)
        old, inputs = from_wire(request.properties), from_wire(request.inputs)
        read = _read_or_none(row, aws, request.resource_id, old.values)
        if read is None:
            return protocol.ReadResponse()
        state = states.found(row, aws, old.values, read)
        secrets = states.secrets_of(row, old, inputs)
        return protocol.ReadResponse(
            request.resource_id,
            to_wire(state, secrets),
            to_wire(states.inputs_of(row, inputs.values, state), secrets),
        )

    def _update(self, request: protocol.UpdateRequest) -> protocol.UpdateResponse:
        row, aws = resource_type(request.type), self._sessions.aws(request.urn)
        old, given = from_wire(request.olds), from_wire(request.news)
        new, secrets = states.wanted(row, aws, given.values), states.secrets_of(row, given)
        plan = states.planned(row, old.values, new)
        if request.preview:
            return protocol.UpdateResponse(to_wire(plan, secrets))
        with _told(f"updating {row.title} ({old.values.get(row.label)})"):
            calls.update(row, aws, request.resource_id, old.values, new)
            read = calls.read(row, aws, request.resource_id, plan)
        state = states.found(row, aws, plan, read or new)
        return protocol.UpdateResponse(to_wire(state, secrets))

    def _delete(self, request: protocol.DeleteRequest) -> None:
        row, aws = resource_type(request.type), self._sessions.aws(request.urn)
        old = from_wire(request.properties).values
        with _told(f"deleting {row.title} ({old.get(row.label)})"):
            try:
                calls.delete(row, aws, request.resource_id, old)
            except ClientError as error:
                if not is_gone(error):
                    raise


def _read_or_none(row: ResourceType, aws: Aws, id_: str, old: Values) -> Values | None:
    with _told(f"reading {row.title} ({id_})"):
        try:
            return calls.read(row, aws, id_, old)
        except ClientError as error:
            if is_gone(error):
                return None
            raise


@contextmanager
def _told(doing: str) -> Iterator[None]:
    """Say what failed, in the real provider's form."""
    try:
        yield
    except ClientError as error:
        raise StandInError(f"1 error occurred:\n\t* {doing}: {aws_words(error)}\n\n") from error
    except ResponseParserError as error:
        reason = "moto failed, or does not support the call; sandbox.log has more"
        raise StandInError(f"1 error occurred:\n\t* {doing}: {reason}\n\n") from error
    except (BotoCoreError, StandInError) as error:
        raise StandInError(f"1 error occurred:\n\t* {doing}: {error}\n\n") from error
