# One image for every process; docker-compose.yml gives each its command.
FROM python:3.11-slim AS packages
COPY requirements/base.txt /tmp/base.txt
RUN python -m venv /opt/mashang \
 && /opt/mashang/bin/pip install --no-cache-dir --require-hashes -r /tmp/base.txt

FROM python:3.11-slim
ENV PATH=/opt/mashang/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONPATH=/srv/mashang \
    MASHANG_ENVIRONMENT=production \
    MASHANG_DATA_DIR=/var/lib/mashang
RUN useradd --system --uid 10001 --home-dir /var/lib/mashang --create-home mashang
COPY --from=packages /opt/mashang /opt/mashang
WORKDIR /srv/mashang
COPY app ./app
COPY miniprogram_api ./miniprogram_api
COPY migrations ./migrations
USER mashang
VOLUME /var/lib/mashang
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["python", "-m", "app", "web", "--host", "0.0.0.0", "--workers", "2"]
