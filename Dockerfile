# The service in a container:
#   docker build -t edgeplan .
#   docker run --rm -v edgeplan:/state edgeplan edgeplan keys add NAME
#   docker run -d -v edgeplan:/state -p 127.0.0.1:8000:8000 edgeplan
FROM python:3.11-slim AS build
WORKDIR /src
RUN python -m venv /opt/edgeplan
ENV PATH=/opt/edgeplan/bin:$PATH
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY api api
COPY models models
COPY planner planner
COPY problem_instances problem_instances
COPY solvers solvers
RUN pip install --no-cache-dir -c constraints.txt setuptools \
    && pip wheel --no-cache-dir --no-build-isolation --no-deps --wheel-dir /dist . \
    && pip install --no-cache-dir -c constraints.txt \
        "$(echo /dist/*.whl)[postgres,telemetry]"

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home edgeplan \
    && install -d -o edgeplan /state
COPY --from=build /opt/edgeplan /opt/edgeplan
USER 10001
WORKDIR /srv
# Jobs and keys outlive the container in /state. Requests need a key: see docs/operations.md.
VOLUME /state
ENV PATH=/opt/edgeplan/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    EDGEPLAN_DB=sqlite:////state/jobs.db \
    EDGEPLAN_REQUIRE_KEYS=1
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/livez', timeout=4)"]
CMD ["edgeplan", "serve", "--host", "0.0.0.0", "--port", "8000"]
