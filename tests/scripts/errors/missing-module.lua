local n = require("nowhere")
