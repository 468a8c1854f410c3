"""`python -m recognizer …`"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from recognizer.errors import OutboxUnavailable, StartError
from recognizer.evaluation.arguments import add_calibrate, add_evaluate
from recognizer.settings import RecognizerSettings, load_settings
from shared.logs import configure_logs
from shared.settings import load_or_exit
from shared.web.errors import ServiceError

if TYPE_CHECKING:
    from recognizer.evaluation.commands import Instruments

# Commands import what they need when they run: `outbox` must not load a neural network.
# ruff: noqa: PLC0415


def main(arguments: Sequence[str] | None = None) -> int:
    parsed = _parser().parse_args(arguments)
    settings = load_or_exit(load_settings, "RECOGNIZER_")
    configure_logs(settings.log_level, settings.log_format)
    try:
        status: int = parsed.run(settings, parsed)
    except (StartError, ServiceError) as error:
        print(error, file=sys.stderr)
        return 1
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m recognizer", description="Recognizes faces; see README.md")
    commands = parser.add_subparsers(required=True, metavar="command")
    serve = commands.add_parser("serve", help="run the service")
    serve.set_defaults(run=_serve)
    people = commands.add_parser("people", help="who can be recognized, and which photos are not used and why")
    people.add_argument("--check", action="store_true", help="also look for photos and people that invite mistakes")
    people.add_argument("--deeds", action="store_true", help="instead: who was enrolled and erased, and with which key")
    people.set_defaults(run=_people)
    _add_enroll(commands.add_parser("enroll", help="enrol a folder or a ZIP archive of people with a running service"))
    demo = commands.add_parser("demo", help="add two demo people to the dataset")
    demo.set_defaults(run=_demo)
    evaluate = commands.add_parser("evaluate", help="measure how well people are told apart, on labelled photos")
    add_evaluate(evaluate)
    evaluate.set_defaults(run=_evaluate)
    calibrate = commands.add_parser("calibrate", help="choose the threshold from the people in the dataset")
    add_calibrate(calibrate)
    calibrate.set_defaults(run=_calibrate)
    _add_models(commands.add_parser("models", help="list optional weights, or fetch them"))
    _add_outbox(commands.add_parser("outbox", help="what waits for the logger, and what it refused"))
    _add_vault(commands)
    doctor = commands.add_parser(
        "doctor", help="what should be put right, and how; exit status 1 when there is a fault"
    )
    doctor.set_defaults(run=_doctor)
    return parser


def _add_enroll(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("people", type=Path, metavar="FOLDER|ZIP", help="a folder for each person, as in dataset/")
    parser.add_argument("--csv", type=Path, help="a table of people and their photos, in place of people.csv in there")
    parser.add_argument("--url", help="of the recognizer; that of this machine unless given")
    parser.add_argument("--key-file", type=Path, help="otherwise RECOGNIZER_ENROLL_KEY, or the one that make run keeps")
    parser.set_defaults(run=_enroll)


def _add_models(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="action")
    actions.add_parser("list", help="every optional weight file, and whether it is there")
    fetch = actions.add_parser("fetch", help="download, check the SHA-256, put in place")
    fetch.add_argument("name", help="DeepFace's name of a model or a detector, such as Facenet512")
    fetch.set_defaults(run=_fetch_models)
    trust = actions.add_parser("trust", help="hold the files that are there to the SHA-256 they have now")
    trust.add_argument("name")
    trust.set_defaults(run=_trust_models)
    parser.set_defaults(run=_list_models)


def _add_vault(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    rotate = commands.add_parser("rotate-key", help="a new key for photos and templates, or the first one")
    rotate.set_defaults(run=_rotate_key)
    seal = commands.add_parser("seal", help="seal the photos that lie plain in the dataset")
    seal.set_defaults(run=_seal)
    unseal = commands.add_parser("unseal", help="make sealed photos plain again, to do without a key")
    unseal.set_defaults(run=_unseal)


def _add_outbox(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--retry", action="store_true", help="send every refused event again")
    parser.set_defaults(run=_outbox)


def _serve(settings: RecognizerSettings, _: argparse.Namespace) -> int:
    from recognizer.app import create_app
    from recognizer.engine.loader import check_engine, check_liveness
    from shared.contracts.live import LivenessMode
    from shared.web.server import serve

    check_engine(  # before anything heavy is imported, so that a missing file is said at once
        model=settings.model,
        detector=settings.detector,
        models_dir=settings.models_dir,
        backend=settings.backend,
    )
    if settings.liveness is LivenessMode.PASSIVE:
        check_liveness(settings.liveness_model, models_dir=settings.models_dir)
    return serve(create_app(settings), settings, max_message_bytes=settings.max_bytes)


def _people(settings: RecognizerSettings, parsed: argparse.Namespace) -> int:
    if parsed.deeds:
        return _deeds(settings)
    from recognizer.opening.gallery import build_gallery

    instruments = _instruments(settings)
    built = build_gallery(settings, instruments.finder, instruments.engine.enroller, workers=settings.workers)
    for person in built.snapshot.people:
        print(person.label)
    print("\n".join(built.report.lines()))
    if parsed.check:
        print(_checked(settings, instruments))
    return 0


def _checked(settings: RecognizerSettings, instruments: Instruments) -> str:
    from recognizer.evaluation.commands import run_check
    from recognizer.gallery.builder import engine_key
    from recognizer.gallery.dataset import scan
    from recognizer.opening.engine import enrolment_finder
    from recognizer.opening.gallery import template_cache

    key = engine_key(enrolment_finder(instruments.finder, settings), instruments.engine.enroller)
    return run_check(scan(settings.dataset_dir), template_cache(settings), key, instruments.policy)


def _deeds(settings: RecognizerSettings) -> int:
    from recognizer.cli_enroll import deeds_of

    for line in deeds_of(settings):
        print(line)
    return 0


def _enroll(settings: RecognizerSettings, parsed: argparse.Namespace) -> int:
    from recognizer.cli_enroll import run_enroll

    return run_enroll(settings, parsed)


def _rotate_key(settings: RecognizerSettings, parsed: argparse.Namespace) -> int:
    from recognizer.cli_vault import run_rotate_key

    return run_rotate_key(settings, parsed)


def _seal(settings: RecognizerSettings, parsed: argparse.Namespace) -> int:
    from recognizer.cli_vault import run_seal

    return run_seal(settings, parsed)


def _unseal(settings: RecognizerSettings, parsed: argparse.Namespace) -> int:
    from recognizer.cli_vault import run_unseal

    return run_unseal(settings, parsed)


def _demo(settings: RecognizerSettings, _: argparse.Namespace) -> int:
    from recognizer.demo import add_demo_people

    for photo in add_demo_people(settings.dataset_dir):
        print(f"added {photo}")
    return 0


def _list_models(settings: RecognizerSettings, _: argparse.Namespace) -> int:
    from recognizer.engine.fetch import listing

    print(listing(settings.models_dir))
    return 0


def _fetch_models(settings: RecognizerSettings, parsed: argparse.Namespace) -> int:
    from recognizer.engine.fetch import fetch

    for file in fetch(parsed.name, settings.models_dir, backend=settings.backend):
        print(f"ready: {file}")
    return 0


def _trust_models(settings: RecognizerSettings, parsed: argparse.Namespace) -> int:
    from recognizer.engine.fetch import trust

    for file in trust(parsed.name, settings.models_dir, backend=settings.backend):
        print(f"{file.sha256}  {file.path}")
    return 0


def _outbox(settings: RecognizerSettings, parsed: argparse.Namespace) -> int:
    return asyncio.run(_show_outbox(settings, retry=parsed.retry))


async def _show_outbox(settings: RecognizerSettings, *, retry: bool) -> int:
    from recognizer.outbox import Outbox
    from shared.clock import SystemClock

    file = settings.state_dir / "outbox.db"
    if not await asyncio.to_thread(file.exists):
        raise OutboxUnavailable(f"there is no outbox at {file} yet")
    open_outbox = partial(Outbox, file, clock=SystemClock(), owner="cli", lease_s=1, max_pending=1)
    outbox = await asyncio.to_thread(open_outbox)
    try:
        if retry:
            print(f"{await outbox.revive()} events will be sent again")
        counts = await outbox.counts()
        oldest = "" if counts.oldest_pending_at is None else f", the oldest since {counts.oldest_pending_at:%F %T} UTC"
        print(f"{counts.pending} waiting{oldest}; {counts.dead} refused")
        for letter in await outbox.dead_letters():
            print(f"{letter.event.event_id}  {letter.added_at:%F %T} UTC  {letter.attempts} attempts  {letter.reason}")
    finally:
        outbox.close()
    return 0


def _doctor(settings: RecognizerSettings, _: argparse.Namespace) -> int:
    from recognizer.doctor.examination import examine
    from shared.clock import SystemClock
    from shared.doctor.findings import exit_status, report

    findings = asyncio.run(examine(settings, SystemClock()))
    print(report(findings))
    return exit_status(findings)


def _evaluate(settings: RecognizerSettings, parsed: argparse.Namespace) -> int:
    from recognizer.evaluation.commands import run_evaluate

    if parsed.spoof is not None:
        return _evaluate_spoof(settings, parsed)
    chosen = {"views": parsed.views, "enroll_views": parsed.enroll_views}
    changed = settings.model_copy(update={name: value for name, value in chosen.items() if value})
    print(run_evaluate(parsed, _instruments(changed)))
    return 0


def _evaluate_spoof(settings: RecognizerSettings, parsed: argparse.Namespace) -> int:
    from recognizer.evaluation.commands import run_spoof
    from recognizer.opening.engine import face_finder, open_engine, open_liveness

    net = open_liveness(settings)
    finder = face_finder(open_engine(settings), settings)
    threshold, steps = settings.min_liveness, settings.challenge_steps
    print(run_spoof(parsed, finder, net, threshold=threshold, steps=steps, workers=settings.workers))
    return 0


def _calibrate(settings: RecognizerSettings, parsed: argparse.Namespace) -> int:
    from recognizer.evaluation.commands import run_calibrate
    from recognizer.opening.engine import calibration_key

    instruments = _instruments(settings)
    key = calibration_key(instruments.engine, instruments.finder)
    print(run_calibrate(parsed, instruments, settings.dataset_dir, settings.state_dir, key=key))
    return 0


def _instruments(settings: RecognizerSettings) -> Instruments:
    from recognizer.at_rest.vault import open_vault
    from recognizer.evaluation.commands import Instruments
    from recognizer.opening.engine import face_finder, match_policy, open_engine

    vault = open_vault(settings.vault_key_file, settings.dataset_dir)
    engine = open_engine(settings)
    finder = face_finder(engine, settings)
    policy = match_policy(engine, finder, settings).policy
    return Instruments(engine, finder, policy, workers=settings.workers, vault=vault)
