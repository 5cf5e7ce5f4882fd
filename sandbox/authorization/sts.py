"""STS's calls: who gets a session."""

import re
from pathlib import Path
from typing import Final

from sandbox.authorization import others
from sandbox.authorization.principals import Principals, Session
from sandbox.authorization.refusal import Answer
from sandbox.authorization.visit import Visit

_KEY: Final = re.compile(rb"<AccessKeyId>(\w+)</AccessKeyId>")
_OK: Final = 200


class Sts:
    def __init__(self, principals: Principals, issuer_key: Path) -> None:
        self._principals = principals
        self._issuer_key = issuer_key

    def answer(self, visit: Visit) -> Answer:
        visit.operation = others.operation(visit)
        answered = visit.pass_on()
        if answered.status == _OK and (found := _KEY.search(answered.body)):
            self._principals.opened(found[1].decode(), Session(own=True))
        return answered
