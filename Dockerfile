# The gateway and the reference producers: one image, one command each (compose.yaml).
FROM node:22-slim AS playground
WORKDIR /playground
COPY gateway/http/playground/package.json gateway/http/playground/package-lock.json gateway/http/playground/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY gateway/http/playground/ ./
RUN npm run build

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
COPY --from=playground /playground/dist/ gateway/http/playground/dist/
RUN python -m compileall -q gateway subgraphs

USER 10001:10001
EXPOSE 8000
CMD ["gateway", "serve"]
