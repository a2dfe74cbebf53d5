"""CPU of oletools and XLMMacroDeobfuscator per file, warm, one thread: one JSON object a line on standard output.

Called by `cargo xtask bench-files`, which writes tool and path of a file a line to standard input; never run by anything
else. A tool runs in a child that lives on from file to file, so that imports are not counted. Endless macros keep a tool
busy for ever (and XLMMacroDeobfuscator swallows an alarm's exception), so a child that takes too long is killed, and
what it had spent until then is a lower bound.
"""

import json
import logging
import multiprocessing
import os
import resource
import sys
import time

ROUNDS = 3
# A file that takes longer is given up, with all its rounds.
SECONDS_MAX = 10
# Slow files are not run again.
AGAIN_MS_MAX = 1_500


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


TOOLS = {"olevba": olevba, "XLMMacroDeobfuscator": deobfuscator}


def imports(tool):
    if tool == "olevba":
        import oletools.olevba  # noqa: F401
    else:
        import XLMMacroDeobfuscator.deobfuscator  # noqa: F401


def work(tool, pipe):
    """Runs in the child: a path comes in, the time when it begins and what it took go out."""
    logging.disable(logging.CRITICAL)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    imports(tool)
    while True:
        path = pipe.recv()
        pipe.send(time.process_time())
        best = failed = None
        for _ in range(ROUNDS):
            start = time.process_time()
            try:
                TOOLS[tool](path)
            except BaseException as error:  # noqa: BLE001 — a tool that gives up is a result
                failed = type(error).__name__
            spent = (time.process_time() - start) * 1000
            best = spent if best is None else min(best, spent)
            if spent > AGAIN_MS_MAX:
                break
        pipe.send((best, failed))


class Worker:
    def __init__(self, tool, warm):
        self.start(tool)
        # The first file builds grammars and caches; it is not counted.
        if self.run(warm)[2]:
            self.start(tool)

    def start(self, tool):
        context = multiprocessing.get_context("fork")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=work, args=(tool, theirs), daemon=True)
        self.process.start()
        theirs.close()

    def run(self, path):
        """CPU in milliseconds, the name of an exception, and whether it was given up."""
        self.pipe.send(path)
        try:
            begun = self.pipe.recv()
            if self.pipe.poll(SECONDS_MAX):
                return (*self.pipe.recv(), False)
        except EOFError:
            self.process.join()
            return None, "ended", True
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.process.kill()
        self.process.join()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime - begun
        return spent * 1000, None, True


def main():
    workers = {}
    warm = {}
    for line in sys.stdin:
        tool, path = line.rstrip("\n").split("\t")
        if tool not in workers:
            workers[tool] = Worker(tool, warm.get(tool, path))
        cpu_ms, failed, gave_up = workers[tool].run(path)
        if gave_up:
            del workers[tool]
        else:
            warm.setdefault(tool, path)
        print(
            json.dumps({"tool": tool, "path": path, "cpu_ms": cpu_ms, "failed": failed, "gave_up": gave_up}),
            flush=True,
        )


main()
