"""The process of one call (`isolated_calls`): read the message, run the function, write its result or its error."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from importlib import import_module
from typing import TYPE_CHECKING

from apimpolicy.csharp.dotnet.process_limits import limit_process
from apimpolicy.editor.isolated_calls import ACTIONS
from apimpolicy.editor.named_paths import admit, author_of_calls
from apimpolicy.errors import ApimPolicyError
from apimpolicy.project.authority import Author, Role, speak_for
from apimpolicy.project.service.leniency import lenient
from apimpolicy.report.advice import Surface, word_advice_for

if TYPE_CHECKING:
    from apimpolicy.editor.rpc import Json


def reply_to(call: Json, author: Author) -> Json:
    """Return the reply to a message of an author. Never raises for what a policy, a file or an argument does wrong."""
    action = call["action"]
    try:
        function = getattr(import_module(f"apimpolicy.editor.{ACTIONS[action]}"), action)
        admit(call["arguments"], author)
        with lenient():
            return {"result": function(**call["arguments"])}
    except ApimPolicyError as error:
        from apimpolicy.testing.tree import problem_in_words

        return {"error": problem_in_words(error)}
    except MemoryError:
        return {"error": "it needed more memory than policies may use"}
    except Exception as error:
        return {"error": f"internal error in apimpolicy ({type(error).__name__}: {error})"}


def main() -> None:
    call = json.load(sys.stdin.buffer)
    limit_process()
    word_advice_for(Surface.CONFIGURATION)
    output, sys.stdout = sys.stdout, sys.stderr  # nothing but the reply is written there
    from apimpolicy.report.log_commands import to_json

    with tempfile.TemporaryDirectory(prefix="apimpolicy-") as scratch:
        tempfile.tempdir = scratch
        author = author_of_calls(Role(call["role"]), call["folders"])
        speak_for(author, scratch)
        reply = to_json(reply_to(call, author))
    output.write(reply)
    output.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
