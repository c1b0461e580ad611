import path from 'node:path';
import MiniCssExtractPlugin from 'mini-css-extract-plugin';
import BundleTracker from 'webpack-bundle-tracker';
import { WebpackAssetsManifest } from 'webpack-assets-manifest';
import { WebpackManifestPlugin } from 'webpack-manifest-plugin';

const out = path.resolve('out/webpack');

export default {
  mode: 'production',
  entry: { main: './src/main.js' },
  output: {
    path: out,
    filename: '[name].[contenthash].js',
    assetModuleFilename: 'media/[name].[contenthash][ext]',
    publicPath: '/static/app/',
  },
  devtool: 'nosources-source-map',
  module: { rules: [
    { test: /\.css$/, use: [MiniCssExtractPlugin.loader, 'css-loader'] },
    { test: /\.png$/, type: 'asset/resource' },
  ] },
  plugins: [
    new MiniCssExtractPlugin({ filename: 'css/[name].[contenthash].css' }),
    new WebpackManifestPlugin({ fileName: 'manifest.json' }),
    new WebpackAssetsManifest({ output: 'assets-manifest.json', entrypoints: true, integrity: true }),
    new BundleTracker({ path: out, filename: 'webpack-stats.json', relativePath: true }),
  ],
};
