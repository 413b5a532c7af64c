// The official OpenAI SDK for Node, beyond plain chats. usage: node openai.mjs CASE, with BASE_URL, API_KEY, MODEL and
// MODULES set; RETRIES and TIMEOUT (ms) are the client's. Prints one JSON document about what the SDK saw.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const sdk = `${process.env.MODULES}/openai`;
const OpenAI = require(sdk).default;
const { zodFunction, zodResponseFormat, zodResponsesFunction, zodTextFormat } = require(sdk + "/helpers/zod");
const { z } = createRequire(sdk + "/index.js")("zod");

const { MODEL: model, RETRIES = "0", TIMEOUT = "100000" } = process.env;
const client = new OpenAI({ baseURL: process.env.BASE_URL, apiKey: process.env.API_KEY, maxRetries: +RETRIES, timeout: +TIMEOUT });
const plain = { retrieval: { enabled: false } };
const messages = [{ role: "user", content: process.env.QUESTION ?? "How many?" }];
const Weight = z.object({ thing: z.string().max(20), stone: z.int().min(0).max(99), kind: z.enum(["light", "heavy"]) });
const Place = z.object({ city: z.string().min(1).max(20), days: z.int().min(1).max(7) });

const bash = (seen) => ({
  type: "function",
  function: {
    name: "Bash",
    description: "Runs a command",
    parse: JSON.parse,
    parameters: { type: "object", properties: { command: { type: "string" }, description: { type: "string" } } },
    function: (given) => { seen.calls.push(given); return "swordfish"; },
  },
});

const cases = {
  async run_tools() {
    const seen = { calls: [] };
    const runner = client.chat.completions.runTools({ model, messages, tools: [bash(seen)] });
    seen.text = await runner.finalContent();
    seen.roles = runner.messages.map((message) => message.role);
    return seen;
  },

  async run_tools_streamed() {
    const seen = { calls: [], named: [], content: "" };
    const runner = client.chat.completions.runTools({ model, messages, tools: [bash(seen)], stream: true });
    runner.on("functionToolCall", (call) => seen.named.push(call.name)).on("content", (piece) => { seen.content += piece; });
    seen.text = await runner.finalContent();
    return seen;
  },

  async parsed_answer() {
    const answer = await client.chat.completions.parse({ model, messages, response_format: zodResponseFormat(Weight, "weight"), ...plain });
    return { parsed: answer.choices[0].message.parsed, reason: answer.choices[0].finish_reason };
  },

  async parsed_call() {
    const answer = await client.chat.completions.parse({
      model, messages, tool_choice: "required", tools: [zodFunction({ name: "go", description: "Goes there", parameters: Place })], ...plain,
    });
    const { message, finish_reason: reason } = answer.choices[0];
    return { calls: message.tool_calls.map((call) => [call.function.name, call.function.parsed_arguments]), reason };
  },

  async streamed_call() {
    const stream = client.chat.completions.stream({
      model, messages, tool_choice: "required", tools: [zodFunction({ name: "go", parameters: Place })], ...plain,
    });
    let pieces = 0;
    stream.on("tool_calls.function.arguments.delta", () => { pieces += 1; });
    const answer = await stream.finalChatCompletion();
    const { message, finish_reason: reason } = answer.choices[0];
    return { calls: message.tool_calls.map((call) => [call.function.name, call.function.parsed_arguments]), reason, pieces };
  },

  async responses() {
    const first = await client.responses.create({ model, input: "hello", metadata: { team: "one" } });
    const second = await client.responses.create({ model, input: "again", previous_response_id: first.id });
    const kept = await client.responses.retrieve(first.id);
    const items = [];
    for await (const item of client.responses.inputItems.list(second.id)) items.push(item.content[0].text);
    await client.responses.delete(first.id);
    const gone = await client.responses.retrieve(first.id).then(() => "there", (error) => error.constructor.name);
    return { text: first.output_text, kept: kept.output_text, metadata: kept.metadata, previous: second.previous_response_id === first.id, items, gone };
  },

  async responses_streamed() {
    const stream = client.responses.stream({ model, input: "hello" });
    let text = "";
    stream.on("response.output_text.delta", (event) => { text += event.delta; });
    const last = await stream.finalResponse();
    return { text, whole: last.output_text, usage: last.usage };
  },

  async responses_parsed() {
    const response = await client.responses.parse({ model, input: "Weigh it", text: { format: zodTextFormat(Weight, "weight") }, ...plain });
    return { parsed: response.output_parsed };
  },

  async responses_tool() {
    const tools = [zodResponsesFunction({ name: "go", parameters: Place })];
    const first = await client.responses.parse({ model, input: "Go to Oslo", tools, tool_choice: "required", ...plain });
    const call = first.output.find((item) => item.type === "function_call");
    const second = await client.responses.create({
      model, previous_response_id: first.id, input: [{ type: "function_call_output", call_id: call.call_id, output: "arrived" }], max_output_tokens: 60, ...plain,
    });
    return { name: call.name, parsed: call.parsed_arguments, status: second.status, text: second.output_text };
  },

  async completions() {
    const answer = await client.completions.create({ model, prompt: ["one", "two"], max_tokens: 9 });
    let text = "";
    for await (const chunk of await client.completions.create({ model, prompt: "one", stream: true })) text += chunk.choices[0]?.text ?? "";
    return { texts: answer.choices.map((choice) => choice.text), text, usage: answer.usage };
  },

  async embeddings() {
    // The SDK asks for base64 by itself, and unpacks it.
    const packed = await client.embeddings.create({ model, input: ["one", "two and three"] });
    const floats = await client.embeddings.create({ model, input: "one", encoding_format: "float" });
    const [first, second] = packed.data.map((entry) => entry.embedding);
    return { same: first.every((value, i) => Math.abs(value - floats.data[0].embedding[i]) < 1e-6), sizes: [first.length, second.length], usage: packed.usage };
  },

  async models() {
    const entry = await client.models.retrieve(model);
    const gone = await client.models.retrieve("absent/model:tag").then(() => "there", (error) => error.constructor.name);
    return { id: entry.id, object: entry.object, gone };
  },

  async whole() {
    const { data, response, request_id: id } = await client.chat.completions.create({ model, messages, ...JSON.parse(process.env.MORE ?? "{}") }).withResponse();
    return { text: data.choices[0].message.content, status: response.status, id, header: data._request_id };
  },

  async aborted() {
    const controller = new AbortController();
    const stream = await client.chat.completions.create({ model, messages, stream: true }, { signal: controller.signal });
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta?.content) controller.abort();
    }
    return { aborted: controller.signal.aborted };
  },
};

try {
  console.log(JSON.stringify(await cases[process.argv[2]]()));
} catch (error) {
  console.log(JSON.stringify({ error: error.constructor.name, status: error.status, code: error.code, param: error.param, message: error.message, id: error.requestID }));
}
