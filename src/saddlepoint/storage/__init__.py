"""The run folder: names, atomic writes, records."""

from saddlepoint.configuration import from_json, from_yaml
from saddlepoint.storage.checkpoints import Checkpoint, Checkpoints, NoCheckpoint
from saddlepoint.storage.evaluations import append_evaluation, read_evaluations
from saddlepoint.storage.files import named_in_utf8, read_bytes, read_text, remove_partial, write_atomically
from saddlepoint.storage.finding import folders_below, is_run, run_of, runs_below
from saddlepoint.storage.folder import RunBusy, RunFolder, alone, alone_with_runs, free_name, plain_name, whole_folder
from saddlepoint.storage.identity import started_with
from saddlepoint.storage.memory import bound_memory, free_memory, in_words, shortage
from saddlepoint.storage.records import RecordsReader, append_record, read_records, trim_records
from saddlepoint.storage.sealed import altered, write_sealed

__all__ = [
    "Checkpoint",
    "Checkpoints",
    "NoCheckpoint",
    "RecordsReader",
    "RunBusy",
    "RunFolder",
    "alone",
    "alone_with_runs",
    "altered",
    "append_evaluation",
    "append_record",
    "bound_memory",
    "folders_below",
    "free_memory",
    "free_name",
    "from_json",
    "from_yaml",
    "in_words",
    "is_run",
    "named_in_utf8",
    "plain_name",
    "read_bytes",
    "read_evaluations",
    "read_records",
    "read_text",
    "remove_partial",
    "run_of",
    "runs_below",
    "shortage",
    "started_with",
    "trim_records",
    "whole_folder",
    "write_atomically",
    "write_sealed",
]
