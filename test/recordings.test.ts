// What layers of one's own record, without a GPU: what defineLayer(), kernel() and dispatch() refuse, and with which words.
import { expect, test } from "vitest";
import { probe } from "../src/check/probe.js";
import { kernel } from "../src/wgsl/index.js";
import { pointwise, pointwiseText } from "./pointwise.js";

const large = [[66, 32, 32, 64]], unfolding = pointwiseText().replaceAll("id: vec3u)", "id: vec3u, @builtin(num_workgroups) groups: vec3u)").replaceAll("let i = id.x;", "let i = id.y * groups.x * WORKGROUP + id.x;");

test("more than 65,535 workgroups need a kernel that undoes fold()", () => {
  expect(probe(pointwise(unfolding), large).forward[0].grid).toEqual([33792, 2, 1]);
  expect(() => probe(pointwise(), large)).toThrow(expect.objectContaining({ code: "limit",
    message: "t, forward: 4325376 invocations are more than a kernel without num_workgroups takes; use a smaller batch, or take @builtin(num_workgroups) groups: vec3u and let i = id.y * groups.x * WORKGROUP + id.x;" }));
  const half = unfolding.replace(/(fn t_backward\(.*?), @builtin\(num_workgroups\) groups: vec3u/, "$1 /* num_workgroups */").replace(/(fn t_backward[\s\S]*?)id\.y \* groups\.x \* WORKGROUP \+ /, "$1");
  expect([kernel(half, { entry: "t_forward" }).rows, kernel(half, { entry: "t_backward" }).rows]).toEqual([undefined, 1]);
  expect(() => probe(pointwise(half), large)).toThrow("t, backward: 4325376 invocations");
});
