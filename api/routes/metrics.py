"""GET /metrics: figures in the text format of Prometheus."""

from anyio import to_thread
from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

router = APIRouter()


@router.get("/metrics", summary="Metrics", response_class=Response)
async def metrics(http: Request) -> Response:
    """What waits and runs, and how requests were answered."""
    text = await to_thread.run_sync(generate_latest, http.app.state.metrics.registry)
    return Response(text, media_type=CONTENT_TYPE_LATEST)
