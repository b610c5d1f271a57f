# The gateway and the reference producers: one image, one command each (compose.yaml).
# Python 3.11: the version the tests run on.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=/app
WORKDIR /app

COPY requirements.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement requirements.txt

# What `pip install .` would make of [project.scripts]; the packages stay beside mongo-init/, where they look for it.
COPY --chmod=755 <<EOF /usr/local/bin/gateway
#!/usr/local/bin/python
from gateway.cli import main
main()
EOF

COPY mongo-init/ mongo-init/
COPY subgraphs/ subgraphs/
COPY gateway/ gateway/
RUN python -m compileall -q gateway subgraphs

USER 10001:10001
EXPOSE 8000
CMD ["gateway", "serve"]
