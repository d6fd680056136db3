"""What Prometheus may read at `/metrics`. Labels are route names, methods and states: never an id."""

import prometheus_client as prometheus

requests = prometheus.Counter("yitong_requests_total", "Answers given", ["method", "route", "status"])
request_seconds = prometheus.Histogram(
    "yitong_request_seconds",
    "Time to answer",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
