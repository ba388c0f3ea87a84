// Peer Y2: what a team writes in an afternoon. js-yaml, a recursive merge and ajv; one JSON file per tenant.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Ajv from "ajv/dist/2020.js";
import { load } from "js-yaml";

const [repository, output] = process.argv.slice(2);
const read = (...parts) => load(readFileSync(join(repository, ...parts), "utf8"));
const isMap = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

function merge(weak, strong) {
  const both = { ...weak };
  for (const [key, value] of Object.entries(strong)) {
    if (value === null) delete both[key];
    else both[key] = isMap(value) ? merge(isMap(both[key]) ? both[key] : {}, value) : value;
  }
  return both;
}

const schema = JSON.parse(readFileSync(join(repository, "schemas/generated/app.schema.json"), "utf8"));
const validate = new Ajv({ strict: false, allErrors: true }).compile(schema);
const base = read("environments/base/app.yaml");
const environments = {};
for (const name of readdirSync(join(repository, "environments"))) {
  if (name === "base") continue;
  read("environments", name, "environment.yaml");
  environments[name] = merge(base, read("environments", name, "app.yaml"));
}

mkdirSync(output, { recursive: true });
let failed = false;
for (const tenant of readdirSync(join(repository, "tenants"))) {
  const entity = read("tenants", tenant, "tenant.yaml");
  const shared = read("tenants", tenant, "app.yaml");
  const configs = {};
  for (const name of entity.environments) {
    const config = merge(merge(environments[name], shared), read("tenants", tenant, name, "app.yaml"));
    if (!validate(config)) {
      failed = true;
      console.error(tenant, name, validate.errors);
    }
    configs[name] = config;
  }
  writeFileSync(join(output, `${tenant}.json`), JSON.stringify(configs));
}
process.exit(failed ? 1 : 0);
