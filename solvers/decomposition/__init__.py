"""Methods that call other methods: cuts, separated and solved again."""
