# One service per image: docker build --build-arg SERVICE=router -t belfry/router .
# SERVICE is the name of a folder in services/ or examples/. Works with BuildKit and with the classic builder.
ARG NODE_IMAGE=node:24-bookworm-slim

# What this service needs, out of the whole repository, readable for its user whatever the modes in this checkout.
FROM ${NODE_IMAGE} AS selected
ARG SERVICE
WORKDIR /repository
COPY . .
RUN node tools/select-service.ts "$SERVICE" /selected && chmod -R go=rX /selected

# The same for all services: made once for as long as manifests and lock file stay the same, and one layer that all images share.
FROM ${NODE_IMAGE} AS packages
# Empty: npm's own default.
ARG NPM_CONFIG_REGISTRY
WORKDIR /app
COPY --from=selected /selected/manifests .
# The root package brings Node itself and the tools of developers: the image has its own Node, and no use for tools.
RUN npm ci --omit=dev --ignore-scripts --no-update-notifier --workspaces --include-workspace-root=false \
 && rm -rf /root/.npm package-lock.json .npmrc \
 && find . -mindepth 2 -name package.json -not -path '*/node_modules/*' -delete

FROM ${NODE_IMAGE}
WORKDIR /app
# The code is root's, so that the process cannot change it. These folders are its own: two to mount volumes on, one for the cache.
RUN install -d -o node -g node -m 0700 /data /keys && install -d -o node -g node /app/compile-cache
COPY --from=packages /app .
# Up to here the same for all services.
ARG SERVICE
ARG VERSION=0.1.0
ARG REVISION
LABEL org.opencontainers.image.title="belfry-${SERVICE}" \
      org.opencontainers.image.description="Belfry, self-hosted notification dispatch: ${SERVICE}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=selected /selected/sources .
COPY LICENSE deploy/images/ ./
ENV NODE_ENV=production \
    NODE_COMPILE_CACHE=/app/compile-cache \
    BELFRY_HOST=0.0.0.0 \
    PORT=8080 \
    BELFRY_DATA=/data
USER node
# The cache is kept per user, hence after USER. With it the types of a module are not stripped again on every start.
RUN node warm-up.js
EXPOSE 8080
STOPSIGNAL SIGTERM
# Every 10 s in every container: Bash, because a Node that starts each time costs 160 ms of the processor. A start may wait for Kafka and PostgreSQL.
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 CMD ["bash", "/app/healthcheck.sh"]
# Node is process 1: it handles SIGTERM itself and starts no other processes that would have to be reaped.
ENTRYPOINT ["node", "main.ts"]
