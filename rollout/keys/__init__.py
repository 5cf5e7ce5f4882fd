"""The access keys of users: what there is, and the steps that change them: `keys`."""
