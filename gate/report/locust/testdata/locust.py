# Has Locust write the CSV files of the requests on stdin, and prints them as JSON.
import json
import sys

from locust.env import Environment
from locust.stats import PERCENTILES_TO_REPORT, StatsCSVFileWriter
import tempfile
import os
import time


class Said:
    """An error whose repr is its text."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text


environment = Environment()
environment.create_local_runner()
stats = environment.stats
for one in json.load(sys.stdin):
    stats.log_request(one["Method"], one["Name"], one["Millis"], one["Bytes"])
    if one["Error"]:
        stats.log_error(one["Method"], one["Name"], Said(one["Error"]))

with tempfile.TemporaryDirectory() as directory:
    prefix = os.path.join(directory, "x")
    writer = StatsCSVFileWriter(environment, PERCENTILES_TO_REPORT, prefix, False)
    writer.requests_csv(writer.requests_csv_writer)
    writer.stats_history_csv_writer.writerow(writer.stats_history_csv_columns)
    writer._stats_history_data_rows(writer.stats_history_csv_writer, time.time())
    writer.failures_csv(writer.failures_csv_writer)
    writer.exceptions_csv(writer.exceptions_csv_writer)
    writer.close_files()
    files = {}
    for suffix in ["_stats.csv", "_stats_history.csv", "_failures.csv", "_exceptions.csv"]:
        with open(prefix + suffix, newline="") as file:
            files[suffix] = file.read()
    json.dump(files, sys.stdout)
