// OpenFeature's own providers for JavaScript, told what to do by lines of JSON, which they answer with lines of JSON.
import { createInterface } from "node:readline";
import { EventSource } from "eventsource";

globalThis.EventSource = EventSource;
const { OpenFeature: Web, ProviderEvents } = await import("@openfeature/web-sdk");
const { OFREPWebProvider } = await import("@openfeature/ofrep-web-provider");
const { OpenFeature: Server } = await import("@openfeature/server-sdk");
const { OFREPProvider } = await import("@openfeature/ofrep-provider");

const [baseUrl, token] = process.argv.slice(2);
const headers = [["Authorization", `Bearer ${token}`]];
const asked = [];
const counting = async (input, init) => {
  const answer = await fetch(input, init);
  const url = typeof input === "string" ? input : input.url;
  asked.push([new URL(url).search.split("=")[0], answer.status]);
  return answer;
};
let changes = 0;
const said = {
  async web({ context }) {
    await Web.setContext(context);
    Web.addHandler(ProviderEvents.ConfigurationChanged, () => changes++);
    await Web.setProviderAndWait(
      new OFREPWebProvider({ baseUrl, headers, fetchImplementation: counting, cacheMode: "disabled" }),
    );
    return { status: "ready" };
  },
  async server() {
    await Server.setProviderAndWait(new OFREPProvider({ baseUrl, headers }));
    return { status: "ready" };
  },
  async of_web({ key, other }) {
    const found = Web.getClient().getBooleanDetails(key, other);
    return { value: found.value, variant: found.variant, reason: found.reason, error: found.errorCode, changes, asked };
  },
  async until({ key, value }) {
    while (Web.getClient().getBooleanValue(key, !value) !== value) await new Promise((go) => setTimeout(go, 1));
    return { at: performance.timeOrigin + performance.now() };
  },
  async of_server({ key, other, context }) {
    const found = await Server.getClient().getBooleanDetails(key, other, context);
    return { value: found.value, variant: found.variant, reason: found.reason, error: found.errorCode };
  },
  async context({ context }) {
    await Web.setContext(context);
    return { status: "set" };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { ask, ...more } = JSON.parse(line);
  try {
    console.log(JSON.stringify(await said[ask](more)));
  } catch (error) {
    console.log(JSON.stringify({ failed: String(error) }));
  }
}
process.exit(0);
