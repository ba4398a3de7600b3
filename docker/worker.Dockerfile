# The worker, and the command line: JavaScript and the Glue scripts as files, nothing of Python or Java.

FROM node:20.19.5-bookworm AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY pipeline pipeline
COPY workflows workflows
COPY activities activities
COPY worker worker
COPY systems systems
COPY client client
COPY cli cli
COPY local local
COPY bench bench
COPY glue-scripts glue-scripts
RUN node_modules/.bin/tsc -p tsconfig.build.json \
  && python3 glue-scripts/build.py dist/glue-scripts \
  && node dist/worker/bundle.js \
  && npm prune --omit=dev

FROM node:20.19.5-bookworm-slim
# The Temporal SDK checks certificates against the system's list.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates \
  && rm -rf /var/lib/apt/lists/* \
  && install --directory --owner=node /keys
WORKDIR /app
ENV NODE_ENV=production
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
USER node
ENTRYPOINT ["node"]
CMD ["dist/worker/main.js"]
