// The AI SDK. usage: node ai_sdk.mjs CASE, with BASE_URL, API_KEY, MODEL and MODULES (a node_modules folder) set.
// Prints one JSON document about what the SDK saw.
import { pathToFileURL } from "node:url";

const load = (name) => import(pathToFileURL(`${process.env.MODULES}/${name}/dist/index.mjs`).href);
const { generateText, jsonSchema, stepCountIs, streamText, tool } = await load("ai");
const { createOpenAICompatible } = await load("@ai-sdk/openai-compatible");

const provider = createOpenAICompatible({ name: "promethean", baseURL: process.env.BASE_URL, apiKey: process.env.API_KEY, includeUsage: true });
const common = { model: provider(process.env.MODEL), prompt: "How many?", maxRetries: 0 };

const ran = [];
const tools = {
  look: tool({
    description: "Looks there.",
    inputSchema: jsonSchema({ type: "object", properties: { at: { type: "integer" } }, required: ["at"] }),
    async execute(input) {
      ran.push(input);
      return `seen at ${input.at}`;
    },
  }),
};

// An error is a part of the stream, or thrown when the connection is cut.
async function read(result) {
  const seen = { types: [], error: null };
  try {
    for await (const part of result.fullStream) {
      if (seen.types.at(-1) !== part.type) seen.types.push(part.type);
      if (part.type === "error") seen.error = part.error?.message ?? String(part.error);
    }
  } catch (error) {
    seen.error ??= error.message;
  }
  return seen;
}

const cases = {
  async whole() {
    const { text, finishReason, usage } = await generateText(common);
    return { text, finishReason, usage };
  },

  async loop() {
    const result = streamText({ ...common, tools, stopWhen: stepCountIs(4), onError() {} });
    const seen = await read(result);
    const steps = await result.steps;
    return { ...seen, ran, text: await result.text, steps: steps.length, usage: await result.totalUsage };
  },

  async broken() {
    return read(streamText({ ...common, onError() {} }));
  },
};

try {
  console.log(JSON.stringify(await cases[process.argv[2]]()));
} catch (error) {
  console.log(JSON.stringify({ error: error.name, status: error.statusCode, message: error.message }));
}
