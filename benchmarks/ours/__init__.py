"""Parts of the product that no command runs alone, each as a program of its own."""
