# Peer Y3: the hiera library in one process. It merges and does not validate; lists are united, not replaced.
require "fileutils"
require "hiera"
require "json"
require "yaml"

repository, output = ARGV
hiera = Hiera.new(config: {
  backends: ["yaml"],
  logger: "noop",
  merge_behavior: :deeper,
  yaml: { datadir: repository, extension: "yaml" },
  hierarchy: [
    "tenants/%{tenant}/%{environment}/app",
    "tenants/%{tenant}/app",
    "environments/%{environment}/app",
    "environments/base/app",
  ],
})
sections = YAML.load_file(File.join(repository, "environments/base/app.yaml")).keys
environments = Dir.children(File.join(repository, "environments")) - ["base"]
FileUtils.mkdir_p(output)
Dir.children(File.join(repository, "tenants")).each do |tenant|
  configs = environments.to_h do |environment|
    scope = { "tenant" => tenant, "environment" => environment }
    [environment, sections.to_h { |section| [section, hiera.lookup(section, nil, scope, nil, :hash)] }]
  end
  File.write(File.join(output, "#{tenant}.json"), JSON.generate(configs))
end
