"""When alerts fire, by promtool's own clock: not before their `for`, and not while the service is well.

Which series bring an alert about is told by `alerts_by_prometheus.py`, from a running service.
"""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.deploy.observability import FOLDER, RULES, SCRAPING, rules

# By alert: series with their values, a minute each; the last minute without the alert; one with it.
TIMES: dict[str, tuple[dict[str, str], int, int]] = {
    "SmeltProcessDown": ({'up{job="smelt", instance="a"}': "0x30"}, 1, 2),
    "SmeltProcessesNotReady": (
        {
            'smelt_pool_processes_ready{queue="deliver"}': "0x30",
            'smelt_pool_processes{queue="deliver"}': "1x30",
        },
        9,
        10,
    ),
    "SmeltProcessesDie": ({'smelt_pool_restarts_total{queue="deliver"}': "0+1x30"}, 2, 6),
    "SmeltReconcilerSilent": ({'smelt_reconciler_last_round_timestamp_seconds{loop="work"}': "0x30"}, 3, 4),
    "SmeltReconcilerLate": ({'smelt_reconciler_lag_seconds{of="due"}': "200x30"}, 4, 5),
    "SmeltContentOverdue": ({'smelt_reconciler_lag_seconds{of="content"}': "1000x30"}, 4, 5),
    "SmeltQueueStands": ({'smelt_queue_ready{queue="deliver", tier="credits"}': "3x30"}, 9, 10),
    "SmeltQueueOld": (
        {'smelt_queue_oldest_ready_seconds{queue="deliver", tier="credits"}': "2000x30"},
        4,
        5,
    ),
    "SmeltWorkFails": (
        {
            'smelt_work_attempts_total{queue="transcribe", outcome="failed", code="internal_error"}': "0+1x30",
        },
        3,
        8,
    ),
    "SmeltRescues": ({'smelt_work_rescues_total{queue="transcribe"}': "0+1x30"}, 3, 8),
    "SmeltOutage": ({'smelt_outage_parts{server="content_store"}': "1x30"}, 4, 5),
    "SmeltOutageLasts": (
        {
            'smelt_outage_seconds{server="content_store"}': "10000+60x30",
            "smelt_outage_patience_seconds": "21600x30",
        },
        18,
        19,
    ),
    "SmeltRedisAway": ({'smelt_redis_away{instance="a"}': "1x30"}, 1, 2),
    "SmeltDatabaseAway": ({'smelt_database_errors_total{instance="a", kind="away"}': "0+1x30"}, 5, 6),
    "SmeltDatabaseConnectionsShort": (
        {'smelt_database_errors_total{instance="a", kind="no_connection"}': "0+1x30"},
        1,
        2,
    ),
    "SmeltLlmFails": (
        {
            'smelt_llm_calls_total{outcome="api_unavailable"}': "0+4x30",
            'smelt_llm_calls_total{outcome="answered"}': "0+1x30",
        },
        5,
        9,
    ),
    "SmeltWebhooksFail": ({'smelt_webhook_replies_total{reply="none"}': "0+2x60"}, 15, 25),
    "SmeltHttpErrors": (
        {
            'smelt_http_requests_total{method="GET", route="/v1/smelts", status="503"}': "0+1x30",
            'smelt_http_requests_total{method="GET", route="/v1/smelts", status="200"}': "0+1x30",
        },
        5,
        6,
    ),
    "SmeltCapReached": ({'smelt_refusals_total{code="busy"}': "0x3 1x10"}, 3, 5),
}
# A service that is busy and well, with what goes wrong in any week.
WELL = {
    'up{job="smelt", instance="a"}': "1x120",
    'smelt_pool_processes_ready{queue="deliver"}': "2x30 1 2x89",
    'smelt_pool_processes{queue="deliver"}': "2x120",
    'smelt_pool_restarts_total{queue="deliver"}': "0x30 1x90",
    'smelt_reconciler_last_round_timestamp_seconds{loop="work"}': "0+60x120",
    'smelt_reconciler_lag_seconds{of="leases"}': "0x10 3 0x109",
    'smelt_reconciler_lag_seconds{of="content"}': "0x10 30 0x109",
    'smelt_queue_ready{queue="transcribe", tier="credits"}': "200x120",
    'smelt_queue_oldest_ready_seconds{queue="transcribe", tier="credits"}': "600x120",
    'smelt_work_claims_total{queue="transcribe"}': "0+5x120",
    'smelt_work_attempts_total{queue="transcribe", outcome="failed", code="corrupted_file"}': "0+3x120",
    'smelt_work_attempts_total{queue="transcribe", outcome="failed", code="timed_out"}': "0x30 1x90",
    'smelt_work_rescues_total{queue="transcribe"}': "0x30 2x90",
    'smelt_outage_parts{server="language_model"}': "0x20 40x3 0x96",
    'smelt_outage_seconds{server="language_model"}': "0x20 60+60x3 0x96",
    "smelt_outage_patience_seconds": "21600x120",
    'smelt_redis_away{instance="a"}': "0x20 1 0x98",
    'smelt_database_errors_total{instance="a", kind="away"}': "0x20 3x100",
    'smelt_database_errors_total{instance="a", kind="lock_timeout"}': "0+1x120",
    'smelt_database_errors_total{instance="a", kind="no_connection"}': "0x120",
    'smelt_llm_calls_total{outcome="answered"}': "0+20x120",
    'smelt_llm_calls_total{outcome="api_rate_limited"}': "0+2x120",
    'smelt_webhook_replies_total{reply="2xx"}': "0+5x120",
    'smelt_webhook_replies_total{reply="none"}': "0+3x120",
    'smelt_http_requests_total{method="GET", route="/v1/smelts", status="200"}': "0+100x120",
    'smelt_http_requests_total{method="GET", route="/v1/smelts", status="503"}': "0+1x120",
    'smelt_http_requests_total{method="GET", route="/readyz", status="503"}': "0+60x120",
    'smelt_refusals_total{code="credits_exhausted"}': "0+9x120",
}


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    if shutil.which("promtool") is None:
        pytest.fail("promtool is missing: install Debian's package prometheus")
    return subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)


def firing(expression: str, minute: int, expected: int) -> dict[str, object]:
    samples = [{"labels": "{}", "value": expected}] if expected else []
    return {"expr": expression, "eval_time": f"{minute}m", "exp_samples": samples}


def run(tmp_path: Path, series: dict[str, str], looks: list[dict[str, object]]) -> None:
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": looks,
    }
    path = tmp_path / "test.yml"
    path.write_text(
        yaml.safe_dump({"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [test]})
    )
    ran = promtool("test", "rules", path)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_rules_and_configuration_are_sound() -> None:
    for arguments in (("check", "rules", RULES), ("check", "config", SCRAPING)):
        ran = promtool(*arguments)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    assert FOLDER.is_dir()


def test_each_alert_has_its_times() -> None:
    assert TIMES.keys() == rules().keys()


@pytest.mark.parametrize("alert", TIMES)
def test_an_alert_fires_in_its_time_and_not_before(alert: str, tmp_path: Path) -> None:
    series, quiet, fires = TIMES[alert]
    look = f'count(count by (alertname) (ALERTS{{alertname="{alert}", alertstate="firing"}}))'
    run(tmp_path, series, [firing(look, quiet, 0), firing(look, fires, 1)])


def test_nothing_fires_while_the_service_is_well(tmp_path: Path) -> None:
    look = 'count(ALERTS{alertstate="firing"})'
    run(tmp_path, WELL, [firing(look, minute, 0) for minute in range(5, 120)])
