import { App, DefaultStackSynthesizer, Stack } from "aws-cdk-lib";
import { CfnInclude } from "aws-cdk-lib/cloudformation-include";

const app = new App();
// discfg finds the stack by its name. Without the rule, the stack has the parameters of the template and no others.
const synthesizer = new DefaultStackSynthesizer({ generateBootstrapVersionRule: false });
const stack = new Stack(app, "Payments", { stackName: "discfg-payments", synthesizer });
const config = new CfnInclude(stack, "Config", { templateFile: "discfg.yaml" });
config.getParameter("Config").default = "payments";
config.getParameter("HistoryDays").default = 90;
app.synth();
