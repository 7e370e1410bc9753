# The service in a container:
#   docker build -t edgeplan . && docker run --rm -p 127.0.0.1:8000:8000 edgeplan
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
    && pip install --no-cache-dir -c constraints.txt /dist/*.whl

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home edgeplan
COPY --from=build /opt/edgeplan /opt/edgeplan
USER 10001
WORKDIR /srv
# The published port is the fence: there are no API keys, so publish it where strangers cannot reach.
ENV PATH=/opt/edgeplan/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    EDGEPLAN_ALLOW_REMOTE_WITHOUT_KEYS=1
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/livez', timeout=4)"]
CMD ["edgeplan", "serve", "--host", "0.0.0.0", "--port", "8000"]
