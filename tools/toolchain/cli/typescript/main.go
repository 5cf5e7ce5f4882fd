// Command typescript writes the TypeScript SDK of a package, as `pulumi package gen-sdk` does: that one
// needs the language host for Node.js, which can't be built from the module proxy.
package main

import (
	"encoding/json"
	"log"
	"os"
	"path/filepath"

	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: typescript SCHEMA FOLDER")
	}
	if err := generate(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func generate(from, folder string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	var spec schema.PackageSpec
	if err := json.Unmarshal(text, &spec); err != nil {
		return err
	}
	// Unlike ImportSpec it checks the schema against Pulumi's metaschema.
	loader := schema.NewPluginLoader(nil) // the schema refers to no other package
	pkg, found, err := schema.BindSpec(spec, loader, schema.ValidationOptions{})
	if err != nil {
		return err
	}
	if found.HasErrors() {
		return found
	}
	files, err := nodejs.GeneratePackage("circleci-s3-access", pkg, nil, nil, true, loader)
	if err != nil {
		return err
	}
	for name, content := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
