// Opens the OpenAPI document that the page names: Swagger UI's own example starts it inline, which our
// content security policy refuses.
const holder = document.getElementById("swagger-ui");
window.ui = SwaggerUIBundle({
  url: holder.dataset.document,
  dom_id: "#swagger-ui",
  deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIBundle.SwaggerUIStandalonePreset].filter(Boolean),
  validatorUrl: null,
});
