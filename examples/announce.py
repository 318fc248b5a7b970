#!/usr/bin/python3
"""An API program: announces a route every ten seconds and wants an answer within five; at SIGTERM it says goodbye and goes."""

import select
import signal
import sys
import time


def goodbye(*_):
    print("announce: told to end", file=sys.stderr, flush=True)
    raise SystemExit(0)


def command(line):
    began = time.monotonic()
    print(line, flush=True)
    readable, _, _ = select.select([sys.stdin], [], [], 5)
    answer = sys.stdin.readline().strip() if readable else "nothing"
    if answer != "done":
        sys.exit(f"{answer} in answer to `{line}`, {time.monotonic() - began:.1f} s later")


signal.signal(signal.SIGTERM, goodbye)
time.sleep(2)
for number in range(6):
    command(f"announce route 192.0.2.{number * 16}/28 next-hop 10.0.0.1")
    time.sleep(10)
sys.stdin.readline()
