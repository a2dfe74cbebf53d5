"""CPU of oletools and XLMMacroDeobfuscator per file, warm, one thread: one JSON object a line on standard output.

Called by `cargo xtask bench-files` with the files as arguments; never run by anything else.
"""

import contextlib
import io
import json
import logging
import signal
import sys
import time

logging.disable(logging.CRITICAL)
ROUNDS = 3
# Endless macros keep a tool busy for ever; a file that takes longer is counted with this.
SECONDS_MAX = 10


def give_up(*_):
    raise TimeoutError


signal.signal(signal.SIGALRM, give_up)


def olevba(path):
    from oletools.olevba import VBA_Parser

    parser = VBA_Parser(path)
    try:
        if parser.detect_vba_macros() or parser.detect_xlm_macros():
            parser.analyze_macros(show_decoded_strings=True)
    finally:
        parser.close()


def deobfuscator(path):
    from XLMMacroDeobfuscator.deobfuscator import process_file

    process_file(file=path, noninteractive=True, no_ms_excel=True, return_deobfuscated=True, silent=True)


def measure(tool, run, path):
    best = None
    failed = None
    for _ in range(ROUNDS):
        start = time.process_time()
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            signal.alarm(SECONDS_MAX)
            try:
                run(path)
            except BaseException as error:  # noqa: BLE001 — a tool that gives up is a result
                failed = type(error).__name__
            finally:
                signal.alarm(0)
        spent = (time.process_time() - start) * 1000
        best = spent if best is None else min(best, spent)
        if failed == "TimeoutError":
            break
    print(json.dumps({"tool": tool, "path": path, "cpu_ms": best, "failed": failed}), flush=True)


def main():
    files = sys.argv[1:]
    for tool, run in (("olevba", olevba), ("XLMMacroDeobfuscator", deobfuscator)):
        with contextlib.suppress(BaseException), contextlib.redirect_stdout(io.StringIO()):
            signal.alarm(SECONDS_MAX)
            run(files[0])  # imports and grammars are not counted
        signal.alarm(0)
        for path in files:
            measure(tool, run, path)


main()
