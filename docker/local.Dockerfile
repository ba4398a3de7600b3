# What stands in for AWS: local Glue with Java and Spark, and MiniStack, set up by the project's own set-up.

FROM node:20.19.5-bookworm-slim
RUN apt-get update \
  && apt-get install --yes --no-install-recommends \
    ca-certificates curl openjdk-17-jre-headless procps python3.11 python3.11-venv \
  && rm -rf /var/lib/apt/lists/* \
  && install --directory --owner=node /app /data /keys /opt/setup
USER node
WORKDIR /app
ENV MSP_SETUP_DIR=/opt/setup
COPY --chown=node package.json package-lock.json .npmrc ./
COPY --chown=node local/setup local/setup
RUN node local/setup/setup.mjs --tools-only
COPY --chown=node tsconfig.json tsconfig.build.json ./
COPY --chown=node pipeline pipeline
COPY --chown=node workflows workflows
COPY --chown=node activities activities
COPY --chown=node worker worker
COPY --chown=node systems systems
COPY --chown=node client client
COPY --chown=node cli cli
COPY --chown=node local local
COPY --chown=node bench bench
RUN node_modules/.bin/tsc -p tsconfig.build.json
