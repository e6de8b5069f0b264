#!/usr/bin/env python3
"""Reads the reports of meson (JUnit) and node --test (TAP).

count.py REPORT...                    prints "PASSED FAILED"
count.py --failures SUITE REPORT...   prints each case that failed with the first lines of why
count.py --once SUITE REPORT...       the same, of first reports whose files were run again
count.py --programs SUITE LOG         prints each program of meson's testlog.json that died outside its cases
"""
import json
import re
import sys
import xml.etree.ElementTree as ET

LINES = 20  # of each reason


def count_junit(path):
    passed = failed = 0
    for case in ET.parse(path).getroot().iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is None:
            passed += 1
    return passed, failed


def count_tap(path):
    text = open(path, encoding="utf-8", errors="replace").read()
    passed = sum(map(int, re.findall(r"^# pass (\d+)$", text, re.M)))
    failed = sum(map(int, re.findall(r"^# (?:fail|cancelled) (\d+)$", text, re.M)))
    return passed, failed


def failures_junit(path):
    for suite in ET.parse(path).getroot().iter("testsuite"):
        for case in suite.iter("testcase"):
            reason = case.find("failure") if case.find("failure") is not None else case.find("error")
            if reason is not None:
                text = "\n".join(filter(None, [reason.get("message"), reason.text]))
                yield f"{suite.get('name')}: {case.get('name')}", text.splitlines()


def failures_tap(path):
    lines = open(path, encoding="utf-8", errors="replace").read().splitlines()
    for at, line in enumerate(lines):
        found = re.match(r"( *)not ok \d+ - (.*)", line)
        if found and not re.search(r"# (SKIP|TODO)", line):
            end = next((i for i in range(at + 1, len(lines)) if lines[i].strip() == "..."), at + 1)
            yield found.group(2), [text.strip() for text in lines[at + 1:end] if text.strip() != "---"]


def show_failures(word, suite, paths):
    for path in paths:
        try:
            for name, reason in (failures_junit if path.endswith(".xml") else failures_tap)(path):
                print(f"{word} {suite}: {name}")
                for line in reason[:LINES]:
                    print(f"  {line}")
        except (OSError, ET.ParseError) as error:
            print(f"{word} {suite}: no readable report: {error}")


def show_programs(suite, path):
    try:
        programs = [json.loads(line) for line in open(path, encoding="utf-8", errors="replace")]
    except (OSError, ValueError) as error:
        return print(f"FAILED {suite}: no log of its programs: {error}")
    for program in programs:
        words = program.get("stdout", "") + program.get("stderr", "")
        if program["result"] in ("OK", "SKIP", "EXPECTEDFAIL") or "\nnot ok " in words:
            continue  # the cases of the latter stand in the report
        print(f"FAILED {suite}: {program['name']}: {program['result']}, exit {program['returncode']}")
        for line in words.splitlines()[-LINES:]:
            print(f"  {line}")


def count(paths):
    totals = [0, 0]
    for path in paths:
        try:
            counts = count_junit(path) if path.endswith(".xml") else count_tap(path)
        except (OSError, ET.ParseError):
            counts = (0, 1)  # a suite without a readable report has failed
        totals = [a + b for a, b in zip(totals, counts)]
    print(*totals)


if sys.argv[1:2] == ["--failures"]:
    show_failures("FAILED", sys.argv[2], sys.argv[3:])
elif sys.argv[1:2] == ["--once"]:
    show_failures("failed once, and was run again:", sys.argv[2], sys.argv[3:])
elif sys.argv[1:2] == ["--programs"]:
    show_programs(sys.argv[2], sys.argv[3])
else:
    count(sys.argv[1:])
